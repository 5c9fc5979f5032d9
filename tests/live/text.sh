# What scripts print, to the byte, by the cases of tests/output.
exec sh tests/output/run
