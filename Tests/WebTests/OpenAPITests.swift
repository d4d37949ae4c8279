import Foundation
import Testing
import Web
import WebTestKit

@Suite struct OpenAPITests {
    private static let document = OpenAPI.document(Fixtures.all, title: "Test", version: "1")

    @Test func `the description is JSON and names every operation`() throws {
        let object = try JSONSerialization.jsonObject(with: Data(Self.document.json.utf8)) as? [String: Any]
        #expect(object?["openapi"] as? String == "3.1.0")
        let text = Self.document.json
        for route in Fixtures.all { #expect(text.contains("\"operationId\":\"\(route.name)\"")) }
    }

    @Test func `input, output and failures come from the declaration`() throws {
        let vote = try #require(Self.document["paths"]?["/votes/{clip}"]?["post"])
        let parameters = try #require(vote["parameters"])
        guard case .list(let list) = parameters else { return #expect(Bool(false), "parameters are a list") }
        #expect(list[0]["in"] == "path")
        #expect(list[0]["schema"]?["format"] == "uuid")
        #expect(list[1]["schema"]?["default"] == "up")
        let body = vote["requestBody"]?["content"]?["application/json"]?["schema"]
        #expect(body?["properties"]?["weight"] == ["type": "integer", "minimum": 1, "maximum": 5])
        #expect(body?["required"] == ["weight"])
        let responses = try #require(vote["responses"])
        #expect(responses["201"]?["content"]?["application/json"]?["schema"]?["type"] == "object")
        #expect(responses["409"]?["description"] == "`test.full`: Nothing is left.")
        #expect(responses["default"] != nil)
    }

    /// Sends what no declaration allows, and looks for the status in the description.
    @Test func `no refusal has a status that the description does not name`() async throws {
        let test = try await TestSite(Fixtures.all)
        let post = try #require(Self.document["paths"]?["/votes/{clip}"]?["post"]?["responses"])
        let requests: [([(name: String, value: String)], String)] = [
            ([("content-type", "application/json")], "{}"), ([("content-type", "text/plain")], "a"),
            ([("content-type", "application/json")], String(repeating: " ", count: 70_000)),
            ([("content-type", "application/json"), ("accept", "image/png")], "{}"),
            ([("content-type", "application/json"), ("sec-fetch-site", "cross-site")], "{}"),
            ([("content-type", "application/json"), ("authorization", "Bearer x")], "{}"),
        ]
        for (headers, body) in requests {
            let answer = try await test.request("POST", "/votes/x", headers: headers, body: Array(body.utf8))
            #expect((400..<500).contains(answer.status))
            #expect(post[String(answer.status)] != nil, "\(answer.status)")
        }
    }
}
