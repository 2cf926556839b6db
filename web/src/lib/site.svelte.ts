// What the server says of the site: regions, areas, dwelling types, time zone. Fetched once, needed by every page.

import { api, type Config } from './api';
import { Resource } from './resource.svelte';

export const site = new Resource<Config>();

export function loadSite(): void {
  void site.load('config', (signal) => api.config({ signal }));
}
