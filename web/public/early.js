// Runs before the first paint, so that the theme does not flash. Kept outside the bundle, which loads later.
(function () {
  var theme = null;
  try {
    theme = localStorage.getItem('meterhouse.theme');
  } catch (error) {
    // Storage is blocked: the system's theme it is.
  }
  if (theme !== 'light' && theme !== 'dark') theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  document.documentElement.dataset.theme = theme;
})();
