import type { ApiErrorKind } from '../api';
import type { Messages } from './en';

export function errorWords(kind: ApiErrorKind, messages: Messages): { title: string; text: string } {
  const { errors } = messages;
  switch (kind) {
    case 'not-found':
      return errors.notFound;
    default:
      return errors[kind];
  }
}
