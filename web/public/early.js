// Runs before the first paint, so that a remembered theme or language does not flash. Kept outside the bundle, which loads later.
(function () {
  try {
    var theme = localStorage.getItem('meterhouse.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage is blocked: the system's theme it is.
  }
})();
