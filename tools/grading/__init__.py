"""How a class is graded: each submission is one independent job, all else is made from results.

terms and keys    releases       what is graded anew, and what is taken as it is
one submission    job            in a private folder, with a private gradebook
its result        results        one JSON file, saved at once
all of them       crew           over the cores, or over many machines; progress
for the teacher   table          grades.csv, in the same bytes each time
all together      run            what `make grade` does
"""
