// Something fetched: loading, there, failed, or there but out of date because a refresh failed.
// After a failure that may pass by itself (no connection, maintenance, overload) it tries again on its own.

import type { ApiError, ApiErrorKind, ApiResult } from './api';

export type Fetcher<T> = (signal: AbortSignal) => Promise<ApiResult<T>>;

const RETRY_SECONDS = 10;
const RETRY_SECONDS_MIN = 2;
const RETRY_SECONDS_MAX = 60;
const PASSING: readonly ApiErrorKind[] = ['network', 'timeout', 'maintenance', 'busy'];

export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  loading = $state(false);
  fetchedAt = $state.raw<Date | null>(null);

  #key: string | null = null;
  #fetcher: Fetcher<T> | null = null;
  #running: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  // Data that is shown although a refresh of it failed.
  get stale(): boolean {
    return this.data !== null && this.error !== null;
  }

  get retrying(): boolean {
    return this.error !== null && PASSING.includes(this.error.kind);
  }

  // Another key is another question: its old answer is dropped. The same key again is a refresh.
  async load(key: string, fetcher: Fetcher<T>): Promise<void> {
    if (key !== this.#key) {
      this.data = null;
      this.error = null;
      this.fetchedAt = null;
    }
    this.#key = key;
    this.#fetcher = fetcher;
    await this.refresh();
  }

  refresh = async (): Promise<void> => {
    if (!this.#fetcher) return;
    this.stop();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    const result = await this.#fetcher(running.signal);
    if (running.signal.aborted) return;
    this.loading = false;
    if (result.error) {
      this.#failed(result.error);
      return;
    }
    this.error = null;
    this.data = result.data;
    this.fetchedAt = new Date();
  };

  // Ends what is under way; nothing more will change.
  stop(): void {
    this.#running?.abort();
    this.#running = null;
    this.loading = false;
    clearTimeout(this.#timer);
    window.removeEventListener('online', this.refresh);
  }

  #failed(error: ApiError): void {
    this.error = error;
    if (!PASSING.includes(error.kind)) {
      this.data = null; // an answer that no longer holds, such as a meter that is not there
      return;
    }
    const seconds = error.retryAfterSeconds ?? RETRY_SECONDS;
    const wait = Math.min(Math.max(seconds, RETRY_SECONDS_MIN), RETRY_SECONDS_MAX);
    this.#timer = setTimeout(this.refresh, wait * 1000);
    window.addEventListener('online', this.refresh, { once: true });
  }
}
