# Socket Lab: one Makefile for everything. `make help` lists what it does.
# An exercise is a directory for which there is a tests/DIRECTORY/checks.bats; its short
# name is the directory's up to the first _ (ex01_http_hello: ex01). Works with GNU make
# 3.81.

CC     = cc
CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -g \
         -Wall -Wextra -Wpedantic -Wshadow -Wconversion
LDLIBS = -pthread

ifeq ($(lastword $(MAKEFILE_LIST)),../Makefile)

# In an exercise, whose Makefile includes this one: the same words, for this one alone.
SHORT := $(firstword $(subst _, ,$(lastword $(notdir $(CURDIR)))))
UP     = @$(MAKE) --no-print-directory -C ..
.PHONY: all check run watch hint show reset clean help
all:
	$(UP) $(SHORT)
check run watch hint show reset clean:
	$(UP) $@-$(SHORT) $(if $(WORK),WORK="$$(cd "$(WORK)" && pwd)")
help:
	$(UP) help
# All else is a matter of the whole lab.
.DEFAULT:
	$(UP) $@

else

EXERCISES := $(sort $(notdir $(patsubst %/checks.bats,%,$(wildcard tests/*/checks.bats))))
SHORTS    := $(foreach e,$(EXERCISES),$(firstword $(subst _, ,$(e))))
INSTRUMENTS := $(addprefix tests/stage/,stage listening crowd fair cell \
               short_io.so faults.so haste.so)

# The directory of a short name; a clear word where there is none.
known = $(firstword $(filter $(1) $(1)_%,$(EXERCISES)))
named = $(or $(call known,$(1)),$(error there is no exercise '$(1)', only $(SHORTS)))
# The programs in a directory: all its .c files but net.c, which its programs share.
programs = $(filter-out %/net,$(basename $(wildcard $(1)/*.c)))

# A kit may be handed out without these: says so, and ends.
needs = @[ -d $(1) ] || { echo "there is no $(1) in this copy of the lab" >&2; exit 2; }
REFERENCE := $(firstword $(EXERCISES))/solution
WHOLE     := $(wildcard tests/kit)

# What a grading is told must make sense before anything is done.
ifneq ($(WORK),)
ifneq ($(shell test -d "$(WORK)" && echo yes),yes)
$(error WORK=$(WORK): there is no such directory)
endif
endif
FORMATS = pretty tap json junit markdown autolab gradescope classroom50
ifneq ($(filter-out $(FORMATS),$(FORMAT)),)
$(error FORMAT=$(FORMAT): it is one of $(FORMATS))
endif

# Of some of its checks one exercise is graded; `only` knows what makes sense.
ifneq ($(ONLY)$(FIRST),)
ifneq ($(filter check,$(MAKECMDGOALS)),)
$(error ONLY and FIRST are for one exercise: make check-$(firstword $(SHORTS)))
endif
mistake = $(shell ONLY='$(subst ','\'',$(ONLY))' FIRST='$(FIRST)' FORMAT='$(FORMAT)' \
              tests/grading/only $(call known,$(1)) 2>&1 >/dev/null)
GRADED  := $(filter $(SHORTS),$(patsubst check-%,%,$(MAKECMDGOALS:watch-%=check-%)))
MISTAKE := $(foreach s,$(GRADED),$(call mistake,$(s)))
ifneq ($(MISTAKE),)
$(error $(MISTAKE))
endif
endif

.SECONDEXPANSION:
.DELETE_ON_ERROR:
.PHONY: all $(SHORTS) run watch hint show reset next solutions starters check demo test
.PHONY: steady mutants tools
.PHONY: clean help handout grade gradescope classroom50
.PHONY: instruments compile-command

##make                build every exercise
all: $(foreach e,$(EXERCISES),$(call programs,$(e)))

##make ex01           build one; all of them: EXERCISE_LIST
# Beside one of these words an exercise's name only says which: `make steady ex01`.
OF_SOME := $(filter steady mutants handout grade gradescope classroom50,$(MAKECMDGOALS))
CHOSEN  := $(foreach s,$(filter $(SHORTS),$(MAKECMDGOALS)),$(call known,$(s)))
ifeq ($(OF_SOME),)
$(SHORTS): $$(call programs,$$(call known,$$@))
else
$(SHORTS): $(OF_SOME) ; @:
endif

##make check          grade all of it
check: instruments
	@tests/grading/check $(EXERCISES)

##make check-ex01     grade one exercise
check-%: instruments
	@tests/grading/grade $(call named,$*)

# These need to know of which exercise.
run watch hint show reset:
	$(error which exercise? $(foreach s,$(SHORTS),make $@-$(s)))

##make next           how far you are, and what is next
next:
	@tests/commands/next $(EXERCISES)

##make run-ex01       build it, start it, see it at work (PROGRAM=, PORT=)
run-%: instruments $$(call programs,$$(call named,$$*)$$(if $$(SOLUTION),/solution))
	@tests/commands/run $(call named,$*)

##make watch-ex01     grade it again at every save
watch-%: instruments
	@tests/commands/watch $(call named,$*)

##make hint-ex01      a hint for the first failed check; each time one more
hint-%:
	@tests/commands/hint $(call named,$*)

##make show-ex01      a reference solution, where you have been given it
show-%:
	@tests/commands/show $(call named,$*)

##make reset-ex01     the starter back (asks first, keeps a copy)
reset-%:
	@tests/commands/reset $(call named,$*)

##+make demo           see the reference solutions at work, then their grades
demo: instruments
	$(call needs,$(REFERENCE))
	@tests/commands/setup demo
	@$(MAKE) --no-print-directory -s solutions
	@tests/commands/demo
	@SOLUTION=1 tests/grading/check $(EXERCISES)

##+make test           the lab's own tests (ALL=1: all known-wrong programs)
# Files run side by side, one for each processor: all that they build in the lab is there.
test: instruments
	$(call needs,tests/kit)
	@tests/commands/setup test
	@$(MAKE) --no-print-directory -s solutions
	@bats --timing --jobs $$(getconf _NPROCESSORS_ONLN) --no-parallelize-within-files \
	    tests/kit tests/stage tests/grading $(wildcard tests/*/reference.bats)

##+make steady         are grades the same on a busy machine? (steady ex01: of one)
steady: instruments
	$(call needs,tests/kit)
	@tests/commands/steady $(CHOSEN)

##+make mutants        which small change of a solution does no check notice?
mutants: instruments
	$(call needs,tests/kit)
	@tests/commands/setup test
	@tests/commands/mutants $(or $(CHOSEN),$(EXERCISES))

##make tools          install what grading needs
tools:
	@tests/commands/setup tools

##+make solutions      build the reference solutions
solutions: $(foreach e,$(EXERCISES),$(call programs,$(e)/solution))
	$(call needs,$(REFERENCE))

##+make handout        pack what students get (SOLUTIONS=1: the solutions)
handout:
	$(call needs,tests/kit)
	@tests/commands/handout $(or $(CHOSEN),$(EXERCISES))

##+make grade          grade a class: SUBMISSIONS=DIR OUT=grades (README.md)
grade: instruments
	$(call needs,tests/class)
	@tests/commands/setup class
	@tests/grading/class $(or $(CHOSEN),$(EXERCISES))

##+make gradescope     pack autograder.zip, for Gradescope
##+make classroom50    pack an assignment's autograder, for Classroom 50
gradescope classroom50:
	$(call needs,tests/class)
	@tests/commands/setup class
	@tests/class/pack $@ $(or $(CHOSEN),$(EXERCISES))

##+make starters       write the starters from the solutions (over your work!)
starters:
	$(call needs,$(REFERENCE))
	@tests/commands/starters $(EXERCISES)

##make clean          remove what was built
clean: $(addprefix clean-,$(SHORTS))
	rm -f $(INSTRUMENTS)
clean-%:
	rm -f $(call programs,$(call named,$*)) $(call programs,$(call named,$*)/solution)

##make help           this list
help:
	@sed -n '$(if $(WHOLE),s/^##+*//p,/^##+/!s/^##//p)' Makefile | \
	    sed 's/EXERCISE_LIST/$(SHORTS)/'
	@echo "WORK=DIR grades a copy that lies elsewhere;"
	@$(if $(wildcard $(REFERENCE)),echo "SOLUTION=1 takes the reference solutions;")
	@echo "V=1 shows every failed check in full; FORMAT=tap, json, junit, markdown;"
	@echo "ONLY=3 (or words) makes this check alone, FIRST=1 stops at a failed one;"
	@echo "LAB_PATIENCE=3 on a slow machine."

# ---- How programs are built ----

%: %.c $$(wildcard $$(@D)/net.[ch])
	$(CC) $(CFLAGS) -o $@ $< $(wildcard $(@D)/net.c) $(LDLIBS)

instruments: $(INSTRUMENTS)
STAGE := $(patsubst %,tests/stage/%.c,stage script ports peers programs outputs looks \
             transcript wait many stamps cells shut_in)
tests/stage/stage: $(STAGE) tests/stage/stage.h
tests/stage/stage tests/stage/listening tests/stage/crowd tests/stage/fair: %: %.c \
        $(addprefix tests/stage/,clock.c clock.h proc.c proc.h)
	@$(CC) $(CFLAGS) -o $@ $(filter %.c,$^)
tests/stage/cell: tests/stage/cells.c tests/stage/cell.h
tests/stage/cell: %: %.c
	@$(CC) $(CFLAGS) -o $@ $(filter %.c,$^)
# ISO C has no function pointers in a void *, as dlsym() returns them.
tests/stage/short_io.so tests/stage/faults.so tests/stage/haste.so: %.so: %.c
	@$(CC) $(filter-out -Wpedantic,$(CFLAGS)) -shared -fPIC -o $@ $< -ldl

# For the tests, which compile copies with the flags of this file.
compile-command:
	@echo '$(CC) $(CFLAGS)'

endif
