"""One module for each subject; `portal.doctor.register` lists what is asked."""
