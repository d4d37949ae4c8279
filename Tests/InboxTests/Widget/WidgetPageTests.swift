import Base
import BaseTestKit
import Foundation
import InboxVendors
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct WidgetPageTests {
    @Test(arguments: Backend.all.prefix(1))
    func `the frame stands on the listed sites alone, under a policy of its own`(backend: Backend) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let channel = try await stage.widget { settings in
                settings.origins = ["https://shop.example", "http://localhost:3000"]
                settings.title = "Lumen <b>bold</b>"
                settings.opensByItself = true
                settings.accent = "#ffee00"
            }
            let site = try await stage.pages()
            let answer = try await site.get("/inbox/widget/\(channel.id)")
            try expectSound(answer)
            let policy = try #require(answer["content-security-policy"])
            #expect(policy.hasSuffix("frame-ancestors 'self' http://localhost:3000 https://shop.example"))
            #expect(
                policy.contains("script-src 'self';") && !policy.contains("unsafe") && !policy.contains("frame-src"))
            #expect(answer["x-frame-options"] == nil && answer["set-cookie"] == nil)
            #expect(answer.text.contains("data-opens=\"3\"") && answer.text.contains("data-on-accent=\"#111111\""))
            #expect(!answer.text.contains("<nav"))
            let bare = try await stage.channel(.widget, account: "bare")
            let own = try await site.get("/inbox/widget/\(bare.id)")
            #expect(own["content-security-policy"]?.hasSuffix("frame-ancestors 'self'") == true)
            // Every other page still stands in no frame at all.
            let tom = try await stage.browser(stage.tom, .owner, on: site)
            #expect(
                try await tom.get("/inbox/channels")["content-security-policy"]?.hasSuffix("frame-ancestors 'none'")
                    == true)
        }
    }

    @Test(arguments: Backend.all.prefix(1))
    func `the demo's shop holds the chat by one line, and is there in the demo alone`(backend: Backend) async throws {
        var reach = Stage.reach()
        reach.isDemo = true
        try await Stage.with(backend, adapters: Stage.onlyWidget, reach: reach) { stage in
            let channel = try await stage.widget()
            let shop = try await stage.pages().get("/inbox/shop")
            #expect(shop.status == 200 && shop.text.contains("data-channel=\"\(channel.id)\""))
            #expect(shop["content-security-policy"]?.contains("frame-src 'self'") == true)
        }
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            _ = try await stage.widget()
            #expect(try await stage.pages().get("/inbox/shop").status == 404)
        }
    }

    @Test func `settings that would get into a page's policy or style are refused`() {
        func fault(_ change: (inout WidgetSettings) -> Void) -> String? {
            var settings = WidgetSettings()
            change(&settings)
            return settings.fault
        }
        #expect(fault { _ in } == nil)
        #expect(fault { $0.origins = ["https://a.example; script-src *"] } == "origins")
        #expect(fault { $0.origins = ["*"] } == "origins")
        #expect(fault { $0.accent = "red;}" } == "accent")
        #expect(fault { $0.accent = "#12345g" } == "accent")
        #expect(fault { $0.radius = 25 } == "radius")
        #expect(fault { $0.title = "" } == "title")
        #expect(fault { $0.fields = [.name, .name] } == "fields")
        var light = WidgetSettings()
        light.accent = "#ffffff"
        #expect(!light.isAccentDark && WidgetSettings().isAccentDark)
    }
}
