import Base
import BaseTestKit
import Foundation
import InboxVendors
import Retrieval
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

/// The pages of channels and of knowledge, used by forms alone.
@Suite(.databases) struct ReachPageTests {
    private static let vendors = ChannelAdapters([
        PlayedVendor.Adapter(vendor: PlayedVendor()), PlayedVendor.Adapter(vendor: PlayedVendor(), kind: .telegram),
        PlayedVendor.Adapter(vendor: PlayedVendor(), kind: .instagram), WidgetClient(),
    ])

    @Test(arguments: Backend.all)
    func `each of the four channels is connected step by step, and secrets are shown once or never`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, adapters: Self.vendors) { stage in
            let site = try await stage.pages()
            let ines = try await stage.browser(stage.tom, .owner, on: site)
            try expectSound(try await ines.get("/inbox/channels"))
            let forms: [(ChannelKind, [(String, String)])] = [
                (
                    .messenger,
                    [
                        ("name", "Page"), ("account", "100"), ("signingSecret", "app-secret"),
                        ("accessToken", "EAAG-page"), ("verifyToken", "verify-me"),
                    ]
                ),
                (
                    .instagram,
                    [
                        ("name", "Insta"), ("account", "178"), ("signingSecret", "app-secret"),
                        ("accessToken", "IGQ-token"), ("verifyToken", "verify-me"), ("door", "account"),
                    ]
                ), (.telegram, [("name", "Bot"), ("accessToken", "123456:AAF-bot-token")]),
                (.widget, [("name", "Site"), ("origins", "https://shop.example\n"), ("isBotFirst", "true")]),
            ]
            for (kind, fields) in forms {
                let path = "/inbox/channels/connect/\(kind.rawValue)"
                try expectSound(try await ines.get(path))
                let sent = try await ines.send(fields, to: path, from: path)
                let channel = try #require(
                    try await stage.office.channels.channels(in: stage.tenant).first { $0.kind == kind }, "\(sent.text)"
                )
                let open = try await stage.office.channels.channel(channel.id, in: stage.tenant)
                #expect(open.secrets.signing.count == 1)
                if kind == .widget {
                    let secret = open.secrets.signing[0].reveal { $0 }
                    #expect(sent.status == 200 && sent.text.contains(secret))
                    let settings = try await stage.office.widget.settings(of: channel.id, in: stage.tenant)
                    #expect(settings.origins == ["https://shop.example"])
                } else {
                    #expect(sent["location"] == "/inbox/channels/\(channel.id)?said=channelConnected", "\(sent.text)")
                }
                let page = try await ines.get("/inbox/channels/\(channel.id)")
                try expectSound(page)
                #expect(ines.statements <= 4)
                for secret in ["app-secret", "EAAG-page", "IGQ-token", "AAF-bot-token", "verify-me"] {
                    #expect(!page.text.contains(secret), "\(kind) shows \(secret)")
                }
                #expect(!page.text.contains(open.secrets.signing[0].reveal { $0 }))
                let again = try await ines.send(fields, to: path, from: path)
                #expect(kind == .widget || again["location"] == "\(path)?said=inbox.accountTaken")
            }
            let list = try await ines.get("/inbox/channels?said=checking")
            try expectSound(list)
            #expect(ines.statements <= 4)
            // Agents have no business here; administrators look, and owners connect.
            let agent = try await stage.browser(stage.priya, .agent, on: site)
            #expect(try await agent.get("/inbox/channels").status == 403)
            let admin = try await stage.browser(stage.priya, .admin, on: site)
            #expect(try await admin.get("/inbox/channels/connect/telegram").status == 403)
        }
    }

    @Test(arguments: Backend.all)
    func `a dead letter is tried again, a chat is changed and an endpoint is told, by form`(
        backend: Backend
    ) async throws {
        let vendor = PlayedVendor()
        try await Stage.with(
            backend, adapters: ChannelAdapters([PlayedVendor.Adapter(vendor: vendor), WidgetClient()])
        ) { stage in
            let site = try await stage.pages()
            let ines = try await stage.browser(stage.tom, .owner, on: site)
            let channel = try await stage.channel()
            try await stage.deliver([stage.event(.broken, "<b>bold", id: "m1")], to: channel)
            let path = "/inbox/channels/\(channel.id)"
            let page = try await ines.get(path)
            try expectSound(page)
            let action = try #require(page.text.firstMatch(of: /action="([^"]*dead-letters[^"]*)"/)).1
            vendor.repair()
            let retried = try await ines.send([], to: String(action).replacing("&amp;", with: "&"), from: path)
            #expect(retried["location"]?.contains("said=letterRetried") == true, "\(retried.text)")
            try await stage.ingest("anna", of: channel)
            #expect(try await stage.conversations().count == 1)
            #expect(try await ines.get("/inbox/channels").text.contains("dead letter") == false)
            let renamed = try await ines.send([("name", "New name")], to: "\(path)/change", from: path)
            #expect(renamed["location"]?.contains("said=channelChanged") == true)
            let keys = try await ines.send([("accessToken", "fresh")], to: "\(path)/keys", from: path)
            #expect(keys["location"]?.contains("said=keysChanged") == true)
            let known = try #require(try await stage.office.channels.store.keys(of: channel.id, in: stage.tenant))
            #expect(known.keys.token.reveal { $0 } == "fresh" && known.channel.name == "New name")
            let chat = try await stage.widget()
            let widget = "/inbox/channels/\(chat.id)"
            let fields = [
                ("origins", "https://a.example\r\nhttps://b.example"), ("title", "Ask"), ("greeting", "Hi"),
                ("botName", "Spoke"), ("accent", "#336699"), ("radius", "8"), ("scheme", "dark"), ("fields", "email"),
                ("opensByItself", "true"),
            ]
            let set = try await ines.send(fields, to: "\(widget)/widget", from: widget)
            #expect(set["location"]?.contains("said=widgetSet") == true, "\(set.text)")
            let settings = try await stage.office.widget.settings(of: chat.id, in: stage.tenant)
            #expect(settings.origins == ["https://a.example", "https://b.example"] && settings.scheme == .dark)
            #expect(settings.fields == [.email] && settings.opensByItself && !settings.takesFiles)
            let bad = try await ines.send(
                fields.map { $0.0 == "origins" ? ($0.0, "https://a.example/path") : $0 }, to: "\(widget)/widget",
                from: widget)
            #expect(bad["location"]?.contains("said=inbox.widgetInvalid") == true)
            let refused = try await ines.send(
                [("address", "http://10.0.0.1/"), ("events", "message.received")], to: "/inbox/channels/endpoints",
                from: "/inbox/channels")
            #expect(refused["location"]?.contains("said=inbox.endpointInvalid") == true)
            let added = try await ines.send(
                [
                    ("address", "https://hooks.example/inbox"), ("events", "message.received"),
                    ("events", "conversation.closed"),
                ], to: "/inbox/channels/endpoints", from: "/inbox/channels")
            let secret = try #require(added.text.firstMatch(of: /whsec_[A-Za-z0-9+\/=]+/)).0
            try expectSound(added)
            let shown = try await ines.get("/inbox/channels")
            #expect(shown.text.contains("hooks.example") && !shown.text.contains(secret))
        }
    }

    @Test(arguments: Backend.all)
    func `documents and addresses are added, tried and removed, and what failed is listed`(
        backend: Backend
    ) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            let site = try await stage.pages()
            let ines = try await stage.browser(stage.tom, .admin, on: site)
            try expectSound(try await ines.get("/inbox/knowledge"))
            func upload(_ title: String, _ bytes: [UInt8], _ form: String = "auto") async throws -> PerformedAnswer {
                let page = try await ines.get("/inbox/knowledge").text
                let token = try #require(page.firstMatch(of: /name="formToken" value="([^"]+)"/)).1
                var body = Array(
                    [("formToken", String(token)), ("title", title), ("form", form)].map {
                        "--B\r\nContent-Disposition: form-data; name=\"\($0.0)\"\r\n\r\n\($0.1)\r\n"
                    }.joined().utf8)
                body += Array(
                    "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n"
                        .utf8)
                body += bytes + Array("\r\n--B--\r\n".utf8)
                return try await site.request(
                    "POST", "/inbox/knowledge/documents",
                    headers: [ines.session, ("content-type", "multipart/form-data; boundary=B")], body: body)
            }
            let text = Array("Opening hours <b>bold. We open at nine.".utf8)
            #expect(try await upload("Hours", text)["location"] == "/inbox/knowledge?said=documentAdded")
            #expect(try await upload("Again", text)["location"] == "/inbox/knowledge?said=inbox.documentKnown")
            #expect(
                try await upload("Bytes", [0xFF, 0xFE], "text")["location"]
                    == "/inbox/knowledge?said=inbox.documentUnreadable")
            #expect(try await upload("None", [])["location"] == "/inbox/knowledge?said=noFile")
            _ = try await upload("Empty", Array("   ".utf8), "text")
            for document in try await stage.office.knowledge.store.page(after: nil, limit: 9, in: stage.tenant).items {
                try await stage.office.knowledge.index(document.id, in: stage.tenant)
            }
            let listed = try await ines.get("/inbox/knowledge")
            try expectSound(listed)
            #expect(listed.text.contains("Could not be read") && ines.statements <= 4)
            var policy = BotPolicy()
            policy.threshold = 0.05
            _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.tenant)
            let tried = try await ines.send(
                [("question", "When do you open <b>bold?")], to: "/inbox/knowledge/test", from: "/inbox/knowledge/test")
            try expectSound(tried)
            #expect(tried.text.contains("We open at nine.") && tried.text.contains("Hours"))
            let shown = try await ines.get("/inbox/knowledge/policy")
            try expectSound(shown)
            let fields = [
                ("mode", "suggests"), ("temperature", "0.5"), ("tokensMax", "300"), ("threshold", "0.6"),
                ("passages", "4"), ("keywords", "human, lawyer"), ("tone", "warm"), ("unsure", "I do not know."),
                ("closed", "Closed until {time}."), ("tokensPerDay", "1000"), ("tokensPerMonth", "20000"),
            ]
            let set = try await ines.send(fields, to: "/inbox/knowledge/policy", from: "/inbox/knowledge/policy")
            #expect(set["location"] == "/inbox/knowledge/policy?said=policySet", "\(set.text)")
            let numbered = try await stage.office.answering.policy(in: stage.tenant)
            #expect(numbered.number == 2 && numbered.policy.keywords == ["human", "lawyer"])
            #expect(numbered.policy.mode == .suggests && numbered.policy.temperature == 0.5)
            let remove = try #require(listed.text.firstMatch(of: /action="([^"]*\/remove)"/)).1
            let removed = try await ines.send([], to: String(remove), from: "/inbox/knowledge")
            #expect(removed["location"] == "/inbox/knowledge?said=documentRemoved")
            let agent = try await stage.browser(stage.priya, .agent, on: site)
            #expect(try await agent.get("/inbox/knowledge").status == 200)
            #expect(try await agent.get("/inbox/knowledge/policy").status == 403)
        }
    }
}
