// What this browser remembers. Storage can be blocked or full: then the choice lasts as long as the page.

export function remembered(key: 'theme' | 'language'): string | null {
  try {
    return localStorage.getItem(`meterhouse.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: 'theme' | 'language', value: string): void {
  try {
    localStorage.setItem(`meterhouse.${key}`, value);
  } catch {
    return;
  }
}
