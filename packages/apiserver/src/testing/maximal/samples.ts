/** Values that are long: certificates, and a schema of a custom resource. @module */

/** Made by `openssl req -new`, for `/O=system:nodes/CN=system:node:a`. */
export const signingRequest =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIck1JR1JBZ0VBTUM4eEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVXTUJRR0ExVUVBd3dOYzNsegpkR1Z0T201dlpHVTZZVEJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEEwSUFCTlZjR05tZ3FQem0ybEZQCldVYnZvYWZickR0SFBUbTJ6dXZmQXQ5YlZZL0tPaURERnVRUmcyRS8ybWxNNHJ2WlV6R21IcjNYQm9VR0ZpTkMKQ1ltdGUvNmdBREFLQmdncWhrak9QUVFEQWdOSkFEQkdBaUVBdHdCQlRqTDV6Vy9IcVNSZWV3dUdkUUF0Sm50cgpxOHNSZ3BCeS9aSGNKUXNDSVFEZys2UWJiMUIvNmVEaVU5Z2lSbUYvTFNpYXl4WDFPT0VhbThCQWxpSjdLdz09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo="
/** Made by `openssl req -x509`, for `/CN=a`. */
export const certificate =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJiakNDQVJPZ0F3SUJBZ0lVVk5ESU9rTGx6dVNSb2xQN3Zna2NoUnlNQitVd0NnWUlLb1pJemowRUF3SXcKRERFS01BZ0dBMVVFQXd3QllUQWVGdzB5TmpFeE1qRXdNVEUzTlRGYUZ3MHpOakV4TVRnd01URTNOVEZhTUF3eApDakFJQmdOVkJBTU1BV0V3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVNPTEEwWHYwejAwVWxNCmJ5K1Zvbk9sZ0xGd01DTWs0WFFWWnhRSUVUbDNkeUhoNGlaU2xvSHp4cFVFZlhDdW5YeUVKN0ROTDZLOXFSdGMKNE1Gb2V5ODJvMU13VVRBZEJnTlZIUTRFRmdRVTRva2F4dUgwMUl3aFhFZXhaTDVkcUZRUERIa3dId1lEVlIwagpCQmd3Rm9BVTRva2F4dUgwMUl3aFhFZXhaTDVkcUZRUERIa3dEd1lEVlIwVEFRSC9CQVV3QXdFQi96QUtCZ2dxCmhrak9QUVFEQWdOSkFEQkdBaUVBZ3JqQURJSGZodmJDdDZBQzMybmtxR1BzZFB3SG0xVDViK3ZhU0FhbEQvSUMKSVFDa3B2WkRrQVI5UlBLaHZoWGc5RkpRUVkzWk5VVVZkd1M3YisrUXE4Z0wxZz09Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"

/** A structural schema with every keyword that v1 admits. */
export const everySchema: object = {
  type: "object",
  title: "a",
  description: "a",
  externalDocs: { description: "a", url: "https://example.com" },
  required: ["spec"],
  maxProperties: 10,
  minProperties: 1,
  example: { spec: {} },
  "x-kubernetes-validations": [
    {
      rule: "self.spec.text != ''",
      message: "a",
      messageExpression: "'a'",
      reason: "FieldValueInvalid",
      fieldPath: ".spec.text",
      optionalOldSelf: true
    }
  ],
  properties: {
    spec: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      "x-kubernetes-map-type": "atomic",
      properties: {
        a: {
          type: "integer",
          format: "int32",
          maximum: 10,
          exclusiveMaximum: true,
          minimum: 0,
          exclusiveMinimum: true,
          multipleOf: 2
        },
        text: { type: "string", pattern: "^a", maxLength: 10, minLength: 1, enum: ["a", "b"], default: "a", nullable: false },
        list: {
          type: "array",
          maxItems: 10,
          minItems: 1,
          uniqueItems: false,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["key"],
          items: { type: "object", required: ["key"], properties: { key: { type: "string" } } }
        },
        port: {
          "x-kubernetes-int-or-string": true,
          anyOf: [{ type: "integer" }, { type: "string" }],
          allOf: [{ maximum: 10 }],
          oneOf: [{ minimum: 0 }],
          not: { enum: [7] }
        },
        map: { type: "object", additionalProperties: { type: "string" } },
        embedded: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }
      }
    },
    status: { type: "object", properties: { a: { type: "integer" }, b: { type: "string" } } }
  }
}
