/**
 * What of a new object decides which fields its creator owns: names, the keys of lists and what is empty, but not the values.
 * An outline is a way through a tree, step by step along the object: nothing has to be made to find what is remembered at its end.
 * @module
 */
import { isList, isObject, type JsonObject, own } from "../json.ts"
import { fieldShape } from "./compare.ts"
import { anyShape, type Shape } from "./shape.ts"

/** A name or key as it stands, or one of the marks below, which no name can be taken for. */
type Step = string | symbol

/** Where a way has led so far. Mostly it only goes on in one direction, which is looked at first. */
export interface Place<Found> {
  step: Step | undefined
  next: Place<Found> | undefined
  others: Map<Step, Place<Found>> | undefined
  /** What is remembered of the outlines that end here; undefined until somebody writes it. */
  found: { readonly value: Found } | undefined
}

/** A tree of outlines, and how many places it has: whoever keeps it begins another when they are too many. */
export interface Outlines<Found> {
  readonly root: Place<Found>
  places: number
  /** How frozen values lead from one place to another: they always do. */
  readonly shortcuts: WeakMap<object, Shortcut<Found>>
}

interface Shortcut<Found> {
  readonly from: Place<Found>
  readonly to: Place<Found>
  readonly steps: number
}

/** A tree without any outline. */
export const noOutlines = <Found>(): Outlines<Found> => ({ root: newPlace(), places: 1, shortcuts: new WeakMap() })

const newPlace = <Found>(): Place<Found> => ({ step: undefined, next: undefined, others: undefined, found: undefined })

const end = Symbol("the end of an object or list")
const object = Symbol("an object")
const list = Symbol("a list")
const emptyList = Symbol("a list without items")
const whole = Symbol("a list that is owned as a whole")
const noKeys = Symbol("an item without keys")
const otherKey = Symbol("a key that is no text")
const noText = Symbol("no text")
const text = Symbol("a text")
const zero = Symbol("zero")
const number = Symbol("a number")
const yes = Symbol("true")
const no = Symbol("false")
const nothing = Symbol("null")
const absent = Symbol("no value")

interface Walk<Found> {
  readonly outlines: Outlines<Found>
  place: Place<Found>
  /** How many more steps may be taken. */
  left: number
}

/**
 * Where the outline of a value ends, below the place for the words that go before. Two objects with the same outline are compared
 * with the blank object of their kind with the same outcome. Undefined for outlines of more steps than the limit.
 */
export const outlinePlace = <Found>(
  outlines: Outlines<Found>,
  before: ReadonlyArray<string>,
  value: unknown,
  shape: Shape,
  stepLimit: number
): Place<Found> | undefined => {
  const walk: Walk<Found> = { outlines, place: outlines.root, left: stepLimit }
  for (const word of before) take(walk, word)
  if (isObject(value)) followParts(walk, value, shape)
  else follow(walk, value, shape)
  return walk.left < 0 ? undefined : walk.place
}

const take = <Found>(walk: Walk<Found>, step: Step): void => {
  if (--walk.left < 0) return
  const { place } = walk
  walk.place = place.step === step ? place.next! : (place.others?.get(step) ?? branch(walk.outlines, place, step))
}

const branch = <Found>(outlines: Outlines<Found>, place: Place<Found>, step: Step): Place<Found> => {
  const made = newPlace<Found>()
  outlines.places++
  if (place.step === undefined) {
    place.step = step
    place.next = made
  } else {
    place.others ??= new Map()
    place.others.set(step, made)
  }
  return made
}

/** A whole object: its parts are what may be frozen. */
const followParts = <Found>(walk: Walk<Found>, value: JsonObject, shape: Shape): void => {
  take(walk, object)
  for (const key in value) {
    take(walk, key)
    const part = value[key]
    if (isObject(part) && Object.isFrozen(part)) followFrozen(walk, part, fieldShape(shape, key))
    else follow(walk, part, fieldShape(shape, key))
  }
  take(walk, end)
}

const followFrozen = <Found>(walk: Walk<Found>, part: object, shape: Shape): void => {
  const { shortcuts } = walk.outlines
  const { place: from, left } = walk
  const known = shortcuts.get(part)
  if (known?.from === from) {
    walk.left -= known.steps
    if (walk.left >= 0) walk.place = known.to
    return
  }
  follow(walk, part, shape)
  if (walk.left >= 0) shortcuts.set(part, { from, to: walk.place, steps: left - walk.left })
}

const follow = <Found>(walk: Walk<Found>, value: unknown, shape: Shape): void => {
  if (isObject(value)) followFields(walk, value, shape)
  else if (isList(value)) followItems(walk, value, shape)
  else take(walk, markOf(value))
}

const followFields = <Found>(walk: Walk<Found>, value: JsonObject, shape: Shape): void => {
  // What is owned as a whole can still be as blank as it was before.
  const inner = shape.kind === "map" ? undefined : anyShape
  take(walk, object)
  for (const key in value) {
    take(walk, key)
    follow(walk, value[key], inner ?? fieldShape(shape, key))
  }
  take(walk, end)
}

const followItems = <Found>(walk: Walk<Found>, value: ReadonlyArray<unknown>, shape: Shape): void => {
  // No list is part of a blank object, so its items only count where they are owned one by one.
  const owned = shape.kind === "list" && !shape.atomic
  take(walk, value.length === 0 ? emptyList : owned ? list : whole)
  if (value.length === 0 || !owned) return
  for (const item of value) {
    takeKeys(walk, item, shape)
    follow(walk, item, shape.element ?? anyShape)
  }
  take(walk, end)
}

/** What an item is told from others by. */
const takeKeys = <Found>(walk: Walk<Found>, item: unknown, shape: Shape): void => {
  if (shape.keys.length === 0) takeExactly(walk, item)
  else if (!isObject(item)) take(walk, noKeys)
  else for (const key of shape.keys) takeExactly(walk, own(item, key.name) ?? key.absent)
}

const takeExactly = <Found>(walk: Walk<Found>, value: unknown): void => {
  if (typeof value !== "string") take(walk, otherKey)
  take(walk, typeof value === "string" ? value : (JSON.stringify(value) ?? ""))
}

/** Blank objects hold nothing but zeros of each type. */
const markOf = (value: unknown): Step => {
  if (typeof value === "string") return value === "" ? noText : text
  if (typeof value === "number") return Object.is(value, 0) ? zero : number
  if (typeof value === "boolean") return value ? yes : no
  return value === null ? nothing : absent
}
