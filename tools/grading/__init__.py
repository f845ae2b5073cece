"""How a class is graded: each submission is one independent job, all else is made from results.

what is run anew  releases       what was handed out; one key of all that a result depends on
one submission    job            in a private folder, with a private gradebook
                  tasks          a notebook's graded cells, and their headings
its result        results        one JSON file, saved at once
all of them       crew           over the cores, or over many machines; progress
for the teacher   table          grades.csv, in the same bytes each time
                  statistics     how hard each exercise is, and how telling
                  class_page     one page about the class
                  exports        what Moodle and Canvas import
                  gradebook      nbgrader's, of all
                  suspicion      notes for a person; likeness: two that are equal
for the student   student_page   each exercise, what it earned and why
all together      run            what `make grade` does
after a kill      leftovers      what nobody else removes
made up           answer_cells   right and wrong answers for a rehearsal
"""
