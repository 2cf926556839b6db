// Light or dark: the system's choice until the user makes one, which is then remembered.

import { remember, remembered } from './storage';

export type Theme = 'light' | 'dark';

const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
const printing = window.matchMedia('print');

function chosenBefore(): Theme | null {
  const value = remembered('theme');
  return value === 'light' || value === 'dark' ? value : null;
}

class ThemeState {
  #chosen = $state<Theme | null>(chosenBefore());
  #system = $state<Theme>(systemDark.matches ? 'dark' : 'light');
  #printing = $state(printing.matches);

  constructor() {
    systemDark.addEventListener('change', (event) => {
      this.#system = event.matches ? 'dark' : 'light';
      this.#show();
    });
    printing.addEventListener('change', (event) => (this.#printing = event.matches));
  }

  get current(): Theme {
    return this.#chosen ?? this.#system;
  }

  // What a drawing must suit: paper is light whatever the screen is.
  get forDrawing(): Theme {
    return this.#printing ? 'light' : this.current;
  }

  toggle(): void {
    this.#chosen = this.current === 'dark' ? 'light' : 'dark';
    this.#show();
    remember('theme', this.#chosen);
  }

  // public/early.js did so before the first paint.
  #show(): void {
    document.documentElement.dataset['theme'] = this.current;
  }
}

export const theme = new ThemeState();
