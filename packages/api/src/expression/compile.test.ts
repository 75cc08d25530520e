/** Which expressions compile, and what is said of those that do not. @module */
import { describe, expect, test } from "bun:test"
import type { Scope } from "./check.ts"
import { compile } from "./compile.ts"
import { dyn, plain, typeText } from "./type.ts"

const scope: Scope = {
  names: {
    object: dyn,
    oldObject: dyn,
    params: dyn,
    request: plain("kubernetes.AdmissionRequest"),
    namespaceObject: plain("kubernetes.Namespace"),
    authorizer: plain("kubernetes.authorization.Authorizer")
  },
  variables: { replicas: plain("int"), containers: dyn },
  messages: ["Object", "JSONPatch"]
}

const good: ReadonlyArray<string> = [
  "object.spec.replicas <= 5",
  "object.spec.minReplicas <= object.spec.replicas && object.spec.replicas <= object.spec.maxReplicas",
  "object.metadata.namespace.endsWith('dev') ? 'dev' : object.metadata.namespace",
  '!(request.resource.group == "coordination.k8s.io" && request.resource.resource == "leases")',
  "!('system:nodes' in request.userInfo.groups)",
  "request.resource.group != 'rbac.authorization.k8s.io' || authorizer.group('rbac.authorization.k8s.io').resource('roles').check('bind').allowed()",
  "authorizer.path('/healthz').check('get').allowed()",
  "authorizer.serviceAccount('default', 'mine').group('').resource('pods').subresource('status').namespace('a').name('b').check('get').reason() == ''",
  "authorizer.group('apps').resource('deployments').check('create').errored() || authorizer.group('').resource('pods').fieldSelector('a=b').labelSelector('c=d').check('list').error() != ''",
  "authorizer.requestResource.check('custom').allowed()",
  "request.dryRun || request.userInfo.extra['scopes'].size() > 0",
  "namespaceObject.metadata.labels['environment'] in ['test', 'prod']",
  "has(object.metadata.labels) && object.metadata.labels.env == 'prod' && !has(oldObject.spec.x)",
  "has(object.a[0].b) && has(object.?c.d)",
  "object.spec.template.spec.containers.all(c, c.image.startsWith('registry.example.com/') && has(c.resources.limits))",
  "object.spec.containers.exists(c, c.name == 'a') && object.spec.containers.exists_one(c, c.name == 'a')",
  "object.spec.containers.map(c, c.image != '', c.image).filter(i, !i.contains('@')).join(', ') == ''",
  "variables.replicas + 1 < 5 && variables.containers.all(c, c.ready)",
  "'maximum ' + string(params.maxReplicas) == object.x",
  "'%s of %d, %.2f'.format([object.metadata.name, 3, 1.5]) != ''",
  "'a, b'.split(', ').size() == 2 && 'abc'.charAt(1) == 'b' && 'abc'.substring(1, 2).upperAscii().lowerAscii().trim() == 'b'",
  "'a-b'.replace('-', '.', 1).indexOf('.') == 'a.b'.lastIndexOf('.') && strings.quote('a') != ''",
  "'abc 123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]', 1) == ['1'] && 'a'.matches('^a$') && matches('a', 'b')",
  "[1, 2].isSorted() && [1, 2].sum() == [3].max() && [1].min() == [1, 2].indexOf(2) && ['a'].lastIndexOf('a') == 0",
  "[3, 1].sort().reverse().distinct().first().orValue(0) == lists.range(3).slice(0, 1).last().value() && [[1]].flatten() == [1]",
  "sets.contains([1, 2], [1]) || sets.equivalent([1], [1]) || sets.intersects([1], [2])",
  "url('https://example.com:80/a?b=c').getPort() == '80' && isURL('x') && url('https://x').getQuery()['b'][0] == 'c'",
  "quantity('1Gi').isGreaterThan(quantity('1Mi')) && quantity('1').add(2).sub(quantity('1')).compareTo(quantity('2')) == 0 && isQuantity('1')",
  "sign(quantity('1')) == 1 && quantity('1').isInteger() && quantity('1').asInteger() == 1 && quantity('1').asApproximateFloat() < 2.0",
  "ip('10.0.0.1').family() == 4 && isIP('::1') && ip.isCanonical('::1') && !ip('::1').isLoopback() && string(ip('::1')) == '::1'",
  "cidr('10.0.0.0/8').containsIP('10.0.0.1') && cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16')) && cidr('::/0').prefixLength() == 0 && isCIDR('a')",
  "cidr('10.0.0.1/8').masked().ip() == ip('10.0.0.0')",
  "semver('1.2.3').isLessThan(semver('v1.3', true)) && isSemver('1.0.0', true) && semver('1.0.0').major() == 1",
  "!format.dns1123Label().validate(object.metadata.name).hasValue() && format.named('uuid').hasValue()",
  "object.?metadata.?labels[?'app'].orValue('none') == 'none' && optional.of(1).hasValue() && optional.none().or(optional.of(2)).value() == 2",
  "object.?spec.?replicas.optMap(r, r + 1).orValue(1) > optional.ofNonZeroValue(0).optFlatMap(x, optional.of(x)).orValue(1)",
  "{?'a': object.?b, 'c': object.c}.size() == [?object.?d].size()",
  "object.metadata.labels.all(k, v, k.size() < 63 && v != '') && [1].exists(i, v, i == v) && [1].existsOne(i, v, i == v)",
  "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [1].transformList(i, v, i + v) == [1] && {'a': 1}.transformMapEntry(k, v, {v: k}) == {1: 'a'}",
  "timestamp(object.metadata.creationTimestamp) - timestamp('2024-01-01T00:00:00Z') > duration('24h') && duration('1h').getMinutes() == 60",
  "timestamp('2024-01-01T00:00:00Z').getFullYear('Europe/Berlin') == 2024",
  "type(object.spec) == map && type(1) == int && type(object.at) == google.protobuf.Timestamp",
  "object.spec.__namespace__ == 'a' && object.spec.x__dash__y == 1 && object.metadata.namespace == 'x'",
  "1 < 2.0 && 1u + uint(1) == 2u && 0x1F == 31 && 1e3 == 1000.0 && b'a' == bytes('a') && r'\\d' != \"\\\\\" && '''a\n''' != \"\"\"b\"\"\"",
  "dyn(1) == 'a' || object == null || [] == [1] || {} == {'a': 1} || -object.a == 1 || !object.b",
  "// first\nobject.a == 1 && // second\n  object.b == 2",
  "[1, 2,].size() == {'a': 1,}.size()",
  "object.spec.paused ? object.spec.replicas == 0 : true ? object.a == 1 : false",
  "'/a/' + jsonpatch.escapeKey('b/c') == ''",
  "Object{metadata: Object.metadata{labels: Object.metadata.labels{env: 'test'}}} == Object{}",
  "[JSONPatch{op: 'add', path: '/a', value: object.spec.containers.map(c, {'name': c.name})}].size() == 1"
]

const starts = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
/** What is said of a place in a line. */
const at = (line: string, column: number, message: string, row = 1): string =>
  `ERROR: <input>:${row}:${column}: ${message}\n | ${line}\n | ${".".repeat(column - 1)}^`
const undeclared = (name: string): string => `undeclared reference to '${name}' (in container '')`
const overload = (name: string, types: string): string => `found no matching overload for '${name}' applied to '${types}'`

const bad: ReadonlyArray<
  readonly [expression: string, ...complaints: ReadonlyArray<readonly [column: number, message: string]>]
> = [
  ["a", [1, undeclared("a")]],
  ["   a", [4, undeclared("a")]],
  ["true || a || b", [9, undeclared("a")], [14, undeclared("b")]],
  ["foo.bar(1)", [1, undeclared("foo")], [8, undeclared("bar")]],
  ["foo(1)", [4, undeclared("foo")]],
  ["object.foo(1)", [11, undeclared("foo")]],
  ["object.exists(x, y)", [18, undeclared("y")]],
  ["[1].all(x, true) && x", [21, undeclared("x")]],
  ["has(object.a, 1)", [4, undeclared("has")]],
  ["has(object)", [5, "invalid argument to has() macro"]],
  ["math.greatest(1, 2) == 2", [1, undeclared("math")], [14, undeclared("greatest")]],
  ["Foo{}", [4, undeclared("Foo")]],
  ["request.object.a == 1", [8, "undefined field 'object'"]],
  ["request.userInfo.foo", [17, "undefined field 'foo'"]],
  ["variables.other", [10, "undefined field 'other'"]],
  ["1 == 'a'", [3, overload("_==_", "(int, string)")]],
  ["1 == null", [3, overload("_==_", "(int, null)")]],
  ["'a'+1", [4, overload("_+_", "(string, int)")]],
  ["variables.replicas + 'a'", [20, overload("_+_", "(int, string)")]],
  ["!1", [1, overload("!_", "(int)")]],
  ["-'a'", [1, overload("-_", "(string)")]],
  ["1 && true", [1, "expected type 'bool' but found 'int'"]],
  ["[1].all(x, x)", [12, "expected type 'bool' but found 'int'"]],
  ["1 ? true : false", [3, overload("_?_:_", "(int, bool, bool)")]],
  ["true ? 1 : 'a'", [6, overload("_?_:_", "(bool, int, string)")]],
  ["'a'.startsWith(1)", [15, overload("startsWith", "string.(int)")]],
  ["getHost('a')", [8, overload("getHost", "(string)")]],
  ["size(1)", [5, overload("size", "(int)")]],
  ["quantity('1').isGreaterThan(1)", [28, overload("isGreaterThan", "kubernetes.Quantity.(int)")]],
  ["authorizer.group(1).resource('a')", [17, overload("group", "kubernetes.authorization.Authorizer.(int)")]],
  ["[1,'a']", [4, "expected type 'int' but found 'string'"]],
  ["{'a':1,2:'b'}", [8, "expected type 'string' but found 'int'"], [10, "expected type 'int' but found 'string'"]],
  ["1.all(x, x)", [1, "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"]],
  ["if", [1, "reserved identifier: if"]],
  ["1 + ", [5, `Syntax error: mismatched input '<EOF>' expecting ${starts}`]],
  ["a b", [3, "Syntax error: extraneous input 'b' expecting <EOF>"]],
  ["a b c", [3, "Syntax error: mismatched input 'b' expecting <EOF>"]],
  ["(true", [6, "Syntax error: missing ')' at '<EOF>'"]],
  ["[1,2", [5, "Syntax error: mismatched input '<EOF>' expecting {']', ','}"]],
  ["{'a'}", [5, "Syntax error: mismatched input '}' expecting ':'"]],
  ["a ? b", [6, "Syntax error: mismatched input '<EOF>' expecting ':'"]],
  ["object.", [8, "Syntax error: no viable alternative at input '.'"]],
  ["true;", [5, "Syntax error: token recognition error at: ';'"]],
  ["1 = 1", [3, "Syntax error: token recognition error at: '= '"], [5, "Syntax error: extraneous input '1' expecting <EOF>"]],
  [
    "'abc",
    [1, "Syntax error: token recognition error at: ''abc'"],
    [5, `Syntax error: mismatched input '<EOF>' expecting ${starts}`]
  ]
]

describe("an expression that compiles", () => {
  for (const expression of good) test(expression, () => expect(compile(expression, scope).problem).toBeUndefined())
})

describe("an expression that does not compile", () => {
  for (const [expression, ...complaints] of bad)
    test(expression, () => {
      const text = complaints.map(([column, message]) => at(expression, column, message)).join("\n")
      expect(compile(expression, scope).problem).toBe(`compilation failed: ${text}`)
    })

  test("shows the line of several that is wrong", () =>
    expect(compile("\ntrue &&\n\t\tb", scope).problem).toBe(`compilation failed: ${at("  b", 3, undeclared("b"), 3)}`))

  test("counts signs, not what they take to store", () =>
    expect(compile("'é😀' == a", scope).problem).toBe(
      `compilation failed: ERROR: <input>:1:9: ${undeclared("a")}\n | 'é😀' == a\n | .．．.....^`
    ))

  test("is refused when it is too deep to be a person's", () =>
    expect(compile("(".repeat(5000), scope).problem).toContain("expression recursion limit exceeded"))
})

describe("the type of an expression", () => {
  const types: ReadonlyArray<readonly [expression: string, type: string]> = [
    ["object.a", "dyn"],
    ["[1].map(x, string(x))", "list(string)"],
    ["request.userInfo.groups", "list(string)"],
    ["authorizer.path('/').check('get')", "kubernetes.authorization.Decision"],
    ["object.?a", "optional_type(dyn)"],
    ["{'a': 1u}", "map(string, uint)"],
    ["null", "null_type"],
    ["Object.spec{}", "Object.spec"]
  ]
  for (const [expression, type] of types)
    test(`${expression} is ${type}`, () => expect(typeText(compile(expression, scope).type)).toBe(type))
})
