// Passkeys: asks the browser for one before a form that needs it is sent.
document.addEventListener('submit', async (event) => {
  const form = event.target;
  const act = form.dataset.passkey;
  if (!act) return;
  event.preventDefault();
  const problem = form.querySelector('[data-passkey-problem]');
  problem.textContent = '';
  try {
    if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) throw new Error(problem.dataset.tooOld);
    const options = form.dataset.passkeyOptions
      ? (await (await fetch(form.dataset.passkeyOptions, { headers: { Accept: 'application/json' } })).json()).request_options
      : JSON.parse(document.getElementById('passkey-options').textContent);
    const asked = options.publicKey;
    if (act === 'create') {
      const passwordless = form.elements.passwordless.checked;
      asked.authenticatorSelection.residentKey = passwordless ? 'required' : 'discouraged';
      asked.authenticatorSelection.requireResidentKey = passwordless;
      if (passwordless) asked.authenticatorSelection.userVerification = 'required';
    }
    const credential = act === 'create'
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch (error) {
    problem.textContent = error.name === 'NotAllowedError'
      ? problem.dataset.notConfirmed
      : error.message;
  }
});
