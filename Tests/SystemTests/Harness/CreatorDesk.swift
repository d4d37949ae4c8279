import Foundation
import Testing

/// Somebody of the demo at Discovery's API.
struct CreatorDesk {
    /// A thing of the API's, as far as tests ask for it.
    struct Thing: Decodable {
        var id: String
        var state: String?
        var entries: Int?
    }

    private struct Things: Decodable {
        var searches: [Thing]?
        var lists: [Thing]?
        var campaigns: [Thing]?
        var matches: [Match]?
    }

    struct Match: Decodable {
        var creator: Thing
    }

    let server: Capstan
    let cookie: String

    /// Signs somebody in; the owner of the demo's own workspace by default.
    init(at server: Capstan, as email: String = "director@example.com") throws {
        self.server = server
        let answer = try server.send(
            .post(
                "/api/session", json: #"{"email":"\#(email)","password":"capstan-demo"}"#,
                headers: [("X-Forwarded-For", "10.9.9.8")]))
        guard answer.status == 200, let cookie = answer.cookie("capstan_session") else {
            throw Broken(.failed, "\(email) is not let in: \(answer)")
        }
        self.cookie = cookie
    }

    /// Calls the API.
    func call(_ method: String, _ path: String, json: String? = nil) throws -> HTTPAnswer {
        var headers = [("Cookie", cookie), ("X-Forwarded-For", "10.9.9.8")]
        if json != nil { headers.append(("Content-Type", "application/json")) }
        return try server.send(
            HTTPRequest(method, "/api/discovery" + path, headers: headers, body: Array((json ?? "").utf8)))
    }

    func searches() throws -> [Thing] { try things("/searches").searches ?? [] }
    func lists() throws -> [Thing] { try things("/lists").lists ?? [] }
    func campaigns() throws -> [Thing] { try things("/campaigns").campaigns ?? [] }

    /// Creators that a search has found.
    func creators(of search: Thing) throws -> [Thing] {
        try things("/searches/\(search.id)/matches").matches?.map(\.creator) ?? []
    }

    private func things(_ path: String) throws -> Things { try call("GET", path).decode(Things.self) }

    /// Makes a link to a list; returns the path of its page.
    func share(_ list: Thing) throws -> String {
        struct Link: Decodable { var path: String }
        return try call("POST", "/lists/\(list.id)/links", json: #"{"days":7}"#).decode(Link.self).path
    }

    /// Orders a file of everything that a search or list has; returns its id.
    func export(_ source: String, _ id: String) throws -> String {
        let answer = try call(
            "POST", "/exports", json: #"{"source":"\#(source)","sourceId":"\#(id)","inline":false}"#)
        guard answer.status == 201 else { throw Broken(.failed, "no export: \(answer)") }
        return try answer.decode(Thing.self).id
    }
}
