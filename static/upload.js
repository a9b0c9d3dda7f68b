// Shows how far an upload is, which fetch does not tell. Without this file the form works as well.
const uploadWords = document.currentScript.dataset;
document.addEventListener('submit', (event) => {
  const form = event.target, part = document.getElementById(form.dataset.upload);
  if (!part) return;
  event.preventDefault();
  const say = (toast) => document.dispatchEvent(new CustomEvent('toast', { detail: toast }));
  const bar = form.querySelector('progress'), button = form.querySelector('.primary');
  const request = new XMLHttpRequest();
  bar.hidden = false;
  button.disabled = true;
  request.upload.onprogress = ({ loaded, total }) => { bar.max = total; bar.value = loaded; };
  request.onloadend = () => {
    bar.hidden = true;
    button.disabled = false;
    const elsewhere = request.getResponseHeader('HX-Redirect');
    if (elsewhere) {
      location.assign(elsewhere);
    } else if (request.status === 200 || request.status === 422) {
      part.outerHTML = request.responseText;
      const fresh = document.getElementById(part.id);
      htmx.process(fresh);
      fresh.querySelector('input[type=file]').focus();
      const said = JSON.parse(request.getResponseHeader('HX-Trigger') ?? '{}');
      if (said.toast) say(said.toast);
    } else {
      const text = request.status === 413 ? uploadWords.tooLarge
        : request.status ? uploadWords.refused
        : uploadWords.lost;
      say({ text, tone: 'red' });
    }
  };
  request.open('POST', form.action);
  request.setRequestHeader('HX-Request', 'true');
  request.setRequestHeader('HX-Request-Type', 'partial');
  request.send(new FormData(form));
});
