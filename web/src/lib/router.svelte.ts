// The address bar is the state of a page: path and search parameters, with back and forward working.

export class Router {
  #url = $state.raw(new URL(window.location.href));

  constructor() {
    window.addEventListener('popstate', () => (this.#url = new URL(window.location.href)));
    document.addEventListener('click', (event) => this.#followLink(event));
  }

  // Always with a slash at the end, as the server's paths are.
  get path(): string {
    return this.#url.pathname.endsWith('/') ? this.#url.pathname : `${this.#url.pathname}/`;
  }

  get search(): URLSearchParams {
    return this.#url.searchParams;
  }

  // Goes to an address of this site; one that is already shown adds no step to the history.
  go(address: string): void {
    const url = new URL(address, window.location.href);
    if (url.href === this.#url.href) return;
    window.history.pushState(null, '', url);
    const samePage = url.pathname === this.#url.pathname;
    this.#url = url;
    if (!samePage) window.scrollTo(0, 0);
  }

  #followLink(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== window.location.origin) return;
    if (link.pathname === window.location.pathname && link.hash !== '') return;
    if (!isPage(link.pathname)) return;
    event.preventDefault();
    this.go(link.href);
  }
}

// Files and the API belong to the server; what ends in a slash is a page.
function isPage(path: string): boolean {
  return path.endsWith('/') && !path.startsWith('/api/');
}

export const router = new Router();
