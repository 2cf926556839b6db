export type Language = 'en' | 'zh';

// The remembered choice, else the first of the browser's languages that we speak, else English.
export function preferredLanguage(choice: string | null, browser: readonly string[]): Language {
  if (choice === 'en' || choice === 'zh') return choice;
  for (const tag of browser) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'en' || primary === 'zh') return primary;
  }
  return 'en';
}
