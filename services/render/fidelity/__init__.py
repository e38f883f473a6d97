"""Parse fidelity: what parsers read in a file, measured by reading it back (SPEC R6). README.md has the method.

    wanted = expected(document, plan.options, omitted=[...])           # expectation.py: what the file should say
    report = measure(data, FORMAT_PDF, wanted, Method.QUICK)           # measure.py: what parsers find

Importing a module of this package loads no extractor; they load with the first measurement, in a child process.
"""
