// Sign-up only: tells the server the clock its new user reads.
for (const input of document.querySelectorAll('input[name=time_zone]')) {
  input.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}
