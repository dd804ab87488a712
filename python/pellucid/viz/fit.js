// A notebook shows the page in a frame, which is to be as high as the page.
if (window.frameElement) {
  const fit = () => { frameElement.style.height = document.documentElement.offsetHeight + 34 + "px"; };
  new ResizeObserver(fit).observe(document.body);
}
