// The reader's language: the browser's first that we speak, until the reader chooses; that is remembered.

import type { Locale } from '../format';
import { remember, remembered } from '../storage';
import { en, type Messages } from './en';
import { preferredLanguage, type Language } from './language';
import { zh } from './zh';

const catalogues: Record<Language, { messages: Messages; locale: Locale }> = {
  en: { messages: en, locale: 'en-GB' },
  zh: { messages: zh, locale: 'zh-CN' },
};

class LanguageState {
  #language = $state<Language>(preferredLanguage(remembered('language'), navigator.languages));

  get current(): Language {
    return this.#language;
  }

  get messages(): Messages {
    return catalogues[this.#language].messages;
  }

  get locale(): Locale {
    return catalogues[this.#language].locale;
  }

  toggle(): void {
    this.#language = this.#language === 'en' ? 'zh' : 'en';
    remember('language', this.#language);
  }
}

export const language = new LanguageState();

// The words of the current language; read inside a template or $derived, it follows a change.
export function words(): Messages {
  return language.messages;
}
