/** What `tsukube-store --help` says. @module */

/** The help of the whole command. */
export const help = `Usage: tsukube-store COMMAND [ARGUMENTS] --store STORE

Looks into a store, and saves, restores and imports it. STORE, or $TSUKUBE_STORE, is one of
  postgres://USER:PASSWORD@HOST:PORT/DATABASE   a PostgreSQL server; ?host=FOLDER names the folder of a unix socket
  embedded:FOLDER                               a private PostgreSQL, started for this command
  pglite:FOLDER                                 a PGlite folder
A private PostgreSQL that a running program holds is reached by its socket:
  --store 'postgres://postgres@localhost/postgres?host=FOLDER/socket'

Commands:
  status                       revisions and the number of keys
  get KEY                      the value of a key; --json for its revisions too
  list [PREFIX]                keys and revisions; --json with values, --limit N, --after KEY, --at REVISION
  watch [PREFIX]               a line of JSON a change, for ever; --after REVISION (default: from now on)
  compact REVISION             forget the history before a revision
  snapshot save FILE           every key at one revision, checksummed, while the store is in use; - is standard output
  snapshot restore FILE        into an empty store, of any kind; the file is checked first
  snapshot status FILE         what a snapshot holds and whether it is whole; needs no --store
  migrate                      bring the tables up to date (any command does)
  import-etcd FILE|URL         the keys of an etcd, into an empty store: from the output of
                               'etcdctl get --prefix "" -w json', or live from http://HOST:2379

Options:
  --store STORE     which store (default $TSUKUBE_STORE)
  --schema NAME     the schema that holds the tables (default tsukube)
  --json            JSON instead of text
  --help            this text

Examples:
  tsukube-store status --store embedded:./data
  tsukube-store list /registry/core/pods/ --limit 10
  tsukube-store snapshot save backup.jsonl && tsukube-store snapshot restore backup.jsonl --store postgres://db/new
  tsukube-store import-etcd http://127.0.0.1:2379

Exit status: 0 done, 1 the store could not (the reason is on standard error), 2 the command was wrong.`
