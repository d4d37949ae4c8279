import Base
import Foundation
import InboxVendors
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

/// A visitor of a shop as their browser talks to us from the widget's frame.
final class Guest {
    let site: TestSite
    let channel: Channel
    var token: String?
    var topic = ""
    let peer: IPAddress

    init(_ channel: Channel, on site: TestSite, from peer: String = "203.0.113.7") throws {
        self.channel = channel
        self.site = site
        self.peer = try #require(IPAddress(peer))
    }

    /// How many statements the last request has sent.
    var statements: Int { site.records.last?.cost[.statements] ?? -1 }

    func ask(
        _ method: String, _ path: String, _ body: [String: Any]? = nil, origin: String? = "https://inbox.test",
        bytes: [UInt8]? = nil, type: String = "application/json"
    ) async throws -> PerformedAnswer {
        var headers = [(name: "host", value: "inbox.test")]
        if let origin { headers.append(("origin", origin)) }
        if let token { headers.append((WidgetRoutes.header, token)) }
        let content = try bytes ?? body.map { Array(try JSONSerialization.data(withJSONObject: $0)) } ?? []
        if !content.isEmpty { headers.append(("content-type", type)) }
        return try await site.request(
            method, "/api/inbox/widget" + path, headers: headers, body: content, peer: peer)
    }

    /// Opens a session, and keeps its token.
    @discardableResult
    func open(
        _ more: [String: Any] = [:], on shop: String = "https://shop.example", origin: String? = "https://inbox.test"
    ) async throws -> PerformedAnswer {
        var body: [String: Any] = ["site": shop]
        if let token { body["token"] = token }
        body.merge(more) { $1 }
        let answer = try await ask("POST", "/\(channel.id)/session", body, origin: origin)
        guard answer.status == 200 else { return answer }
        let session = try Self.json(answer)
        token = session["token"] as? String
        topic = session["topic"] as? String ?? ""
        return answer
    }

    func send(_ text: String, _ id: String) async throws -> PerformedAnswer {
        try await ask("POST", "/messages", ["channel": channel.id.description, "text": text, "clientId": id])
    }

    func thread(after: Int = 0) async throws -> [String: Any] {
        let answer = try await ask("GET", "/messages?channel=\(channel.id)&after=\(after)")
        #expect(answer.status == 200, "\(answer.text)")
        return try Self.json(answer)
    }

    func bodies(after: Int = 0) async throws -> [String] {
        (try await thread(after: after)["messages"] as? [[String: Any]] ?? []).compactMap { $0["body"] as? String }
    }

    static func json(_ answer: PerformedAnswer) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any], "\(answer.text)")
    }
}

extension Stage {
    /// A widget that may stand on a shop's site.
    func widget(
        in tenant: Tenant? = nil, account: String = "widget-1", isBotFirst: Bool = false,
        _ change: (inout WidgetSettings) -> Void = { _ in }
    ) async throws -> Channel {
        let channel = try await channel(
            .widget, account: account, in: tenant, secrets: [Secret("the shop's secret")], isBotFirst: isBotFirst)
        var settings = WidgetSettings()
        settings.origins = ["https://shop.example"]
        change(&settings)
        try await office.widget.set(settings, of: channel.id, in: tenant ?? self.tenant)
        return channel
    }

    /// Works off what a visitor has sent.
    func work(off guest: Guest) async throws {
        let user = try visitor(of: guest).user
        try await ingest(user, of: guest.channel)
    }

    func visitor(of guest: Guest) throws -> Visitor { try office.widget.visitor(guest.token, at: guest.channel.id) }

    func conversation(of guest: Guest) async throws -> Conversation {
        try #require(try await conversation(of: try visitor(of: guest).user, at: guest.channel))
    }

    static let onlyWidget = ChannelAdapters([WidgetClient()])
}
