// The part of ECharts that is used, as one chunk that is loaded only when there is something to draw.

import { BarChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, AriaComponent, GridComponent, TooltipComponent, SVGRenderer]);

export { init };
