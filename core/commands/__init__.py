"""The command line: parse, call core, print. One file per group of commands; core.commands.table lists them all."""
