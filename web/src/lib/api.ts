// The only caller of fetch. Every call answers { data } or { error }; nothing is thrown.

import type { components } from './api-types'; // generated: npm run api-types

type Schemas = components['schemas'];
export type Channel = Schemas['Channel'];
export type Step = Schemas['Step'];
export type Quality = Schemas['Quality'];
export type Config = Schemas['Config'];
export type NewMeter = Schemas['NewMeter'];
export type Meter = Schemas['Meter'];
export type MeterPage = Schemas['MeterPage'];
export type LatestReading = Schemas['LatestReading'];
export type ConsumptionValue = Schemas['ConsumptionValue'];
export type Consumption = Schemas['Consumption'];

export interface ConsumptionQuery {
  meter_id: string;
  channel: Channel;
  from: string;
  to: string;
  step: Step;
}

export type ApiErrorKind =
  | 'network' // no answer at all
  | 'timeout'
  | 'maintenance'
  | 'busy'
  | 'not-found'
  | 'conflict'
  | 'invalid'
  | 'server'; // the server's own failure, or an answer that makes no sense

export interface ApiError {
  kind: ApiErrorKind;
  status: number; // 0 where there was no answer
  detail: string; // the server's own words, in English; may be empty
  retryAfterSeconds: number | null;
}

export type ApiResult<T> = { data: T; error?: undefined } | { data?: undefined; error: ApiError };

export interface CallOptions {
  signal?: AbortSignal;
}

const TIMEOUT_MS = 20_000;

// How far this machine's clock is behind the server's: "now" is the server's, whatever the browser believes.
let clockSkewMs = 0;

export function serverNow(): Date {
  return new Date(Date.now() + clockSkewMs);
}

function noteServerTime(response: Response): void {
  const served = Date.parse(response.headers.get('Date') ?? '');
  if (Number.isNaN(served)) return;
  const skew = served - Date.now();
  clockSkewMs = Math.abs(skew) > 5_000 ? skew : 0; // below: transport and the header's whole seconds
}

function errorKind(status: number, detail: string): ApiErrorKind {
  if (status === 503) return /maintenance/i.test(detail) ? 'maintenance' : 'busy';
  if (status === 429) return 'busy';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  return status >= 400 && status < 500 ? 'invalid' : 'server';
}

// RFC 9457: title and detail say what went wrong; `errors` names the fields.
function problemText(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const problem = body as Record<string, unknown>;
  return [problem['detail'], problem['title'], problem['message']].find((text) => typeof text === 'string') ?? '';
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

async function failure(response: Response): Promise<ApiError> {
  const detail = problemText(await readJson(response));
  const retryAfter = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return {
    kind: errorKind(response.status, detail),
    status: response.status,
    detail,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null,
  };
}

function noAnswer(kind: 'network' | 'timeout'): ApiError {
  return { kind, status: 0, detail: '', retryAfterSeconds: null };
}

async function call<T>(path: string, init: RequestInit, options: CallOptions): Promise<ApiResult<T>> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = options.signal ? anySignal(options.signal, timeout) : timeout;
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal, headers: { Accept: 'application/json', ...init.headers } });
  } catch {
    return { error: noAnswer(timeout.aborted ? 'timeout' : 'network') };
  }
  noteServerTime(response);
  if (!response.ok) return { error: await failure(response) };
  const data = await readJson(response);
  if (data === undefined) return { error: { kind: 'server', status: response.status, detail: '', retryAfterSeconds: null } };
  return { data: data as T };
}

// AbortSignal.any is too young for some browsers still in use.
function anySignal(...signals: AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort();
    else signal.addEventListener('abort', () => controller.abort(), { once: true });
  }
  return controller.signal;
}

function get<T>(path: string, options: CallOptions = {}): Promise<ApiResult<T>> {
  return call<T>(path, {}, options);
}

// The key makes a repetition safe: what was done at the first time is answered again, not done twice.
function post<T>(path: string, body: unknown, idempotencyKey: string): Promise<ApiResult<T>> {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey };
  return call<T>(path, { method: 'POST', headers, body: JSON.stringify(body) }, {});
}

function meterPath(id: string): string {
  return `/api/v1/meters/${encodeURIComponent(id)}`;
}

export const api = {
  config: (options?: CallOptions) => get<Config>('/api/v1/config', options),

  registerMeter: (meter: NewMeter, idempotencyKey: string) => post<Meter>('/api/v1/meters', meter, idempotencyKey),

  meters: (query: { limit: number }, options?: CallOptions) =>
    get<MeterPage>(`/api/v1/meters?limit=${query.limit}`, options),

  meter: (id: string, options?: CallOptions) => get<Meter>(meterPath(id), options),

  latest: (id: string, channel: Channel, options?: CallOptions) =>
    get<LatestReading>(`${meterPath(id)}/latest?channel=${channel}`, options),

  consumption: (query: ConsumptionQuery, options?: CallOptions) => {
    const { meter_id, ...rest } = query;
    return get<Consumption>(`${meterPath(meter_id)}/consumption?${new URLSearchParams(rest)}`, options);
  },
};
