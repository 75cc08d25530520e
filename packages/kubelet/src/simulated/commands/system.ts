/** Commands about the container itself: its name, variables, time, user, terminal. @module */
import { bytesOf, type Command, orInterrupted, type Process } from "../process.ts"
import { runCommand } from "../shell.ts"

const says =
  (text: (process: Process) => string): Command =>
  async (process) => {
    await process.stdout(bytesOf(`${text(process)}\n`))
    return 0
  }

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

const sleep: Command = async ({ args, machine, signal, stderr }) => {
  let milliseconds = 0
  for (const arg of args) {
    const [, number, unit = "s"] = /^(\d+(?:\.\d+)?|\.\d+)([smhd]?)$/.exec(arg) ?? []
    if (number === undefined && arg !== "infinity" && arg !== "inf") {
      await stderr(bytesOf(`sleep: invalid number '${arg}'\n`))
      return 1
    }
    milliseconds += number === undefined ? Number.POSITIVE_INFINITY : Number(number) * (unitsMs[unit || "s"] ?? 1000)
  }
  if (milliseconds === Number.POSITIVE_INFINITY) return orInterrupted(new Promise<number>(() => undefined), signal)
  await machine.sleep(milliseconds, signal)
  return 0
}

const formatTime = (milliseconds: number, format: string): string => {
  const iso = new Date(milliseconds).toISOString()
  const date = new Date(milliseconds)
  const parts: Readonly<Record<string, string>> = {
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    s: String(Math.floor(milliseconds / 1000)),
    N: `${iso.slice(20, 23)}000000`,
    Z: "UTC",
    a: days[date.getUTCDay()] ?? "",
    b: months[date.getUTCMonth()] ?? "",
    e: String(date.getUTCDate()).padStart(2),
    n: "\n",
    "%": "%"
  }
  return format.replace(/%([a-zA-Z%])/g, (all, name: string) => parts[name] ?? all)
}

const env: Command = async (process) => {
  const environment = new Map(process.environment)
  const args = [...process.args]
  while (/^\w+=/.test(args[0] ?? "")) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(args.shift() ?? "") ?? []
    environment.set(name, value)
  }
  const [name, ...rest] = args
  if (name !== undefined) return runCommand({ ...process, environment, args: rest }, name)
  await process.stdout(bytesOf([...environment].map(([key, value]) => `${key}=${value}\n`).join("")))
  return 0
}

const printenv: Command = async (process) => {
  const [name] = process.args
  if (name === undefined) return env(process)
  const value = process.environment.get(name)
  if (value === undefined) return 1
  await process.stdout(bytesOf(`${value}\n`))
  return 0
}

const stty: Command = async ({ args, terminal, stdout, stderr }) => {
  if (terminal === undefined) {
    await stderr(bytesOf("stty: standard input: Not a tty\n"))
    return 1
  }
  if (args[0] === "size") await stdout(bytesOf(`${terminal.size.height} ${terminal.size.width}\n`))
  return 0
}

/** By name. */
export const systemCommands: Readonly<Record<string, Command>> = {
  true: async () => 0,
  false: async () => 1,
  sleep,
  env,
  printenv,
  stty,
  hostname: says(({ machine }) => machine.hostname),
  pwd: says(({ directory }) => directory),
  whoami: says(() => "root"),
  id: says(({ args }) => (args.includes("-u") || args.includes("-g") ? "0" : "uid=0(root) gid=0(root) groups=0(root)")),
  uname: says(({ args, machine }) =>
    args.includes("-a") ? `Linux ${machine.hostname} simulated` : args.includes("-n") ? machine.hostname : "Linux"
  ),
  nproc: says(() => "1"),
  date: says(({ args, machine }) =>
    formatTime(machine.now(), args.find((arg) => arg.startsWith("+"))?.slice(1) ?? "%a %b %e %T %Z %Y")
  ),
  basename: says(({ args: [path = "", suffix = ""] }) => {
    const name = path.replace(/\/+$/, "").split("/").at(-1) ?? ""
    return suffix !== "" && name.endsWith(suffix) && name !== suffix ? name.slice(0, -suffix.length) : name
  }),
  dirname: says(({ args: [path = ""] }) => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".")),
  tty: async ({ terminal, stdout }) => {
    await stdout(bytesOf(terminal === undefined ? "not a tty\n" : "/dev/pts/0\n"))
    return terminal === undefined ? 1 : 0
  }
}
