# The examples of the manual, as root on this kernel.
exec sh tests/docs/run
