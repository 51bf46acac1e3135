"""The training command with every step in the log, a checkpoint after each, and codes revived often: what tests
start as a process.
"""

from wuerstchen import train
from wuerstchen.training import codebook_use, loop

if __name__ == "__main__":
    loop.LOG_EVERY_STEPS, loop.CHECKPOINT_SECONDS, codebook_use.REVIVE_EVERY_STEPS = 1, 0, 4
    train.main()
