import Base
import Foundation
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

/// What pages load of script before anybody has done anything.
@Suite(.databases) struct ScriptTests {
    private enum Bounds {
        static let bytes = 50 * 1_024
        /// What a page with a desk is made of: a page that names fewer was not read rightly.
        static let modules = 6
    }

    /// The addresses of all scripts that a page loads by itself: those it runs, and those that these import.
    private func scripts(of html: String) -> [String] {
        html.matches(of: #/<(?:script[^>]*? src|link rel="modulepreload" href)="([^"]+)"/#).map { String($0.1) }
    }

    /// Checks a page: its bytes of script, and that what its modules import is among what it names.
    private func expectLight(_ page: PerformedAnswer, modules: Int, on site: TestSite) async throws {
        #expect(page.status == 200)
        let named = scripts(of: page.text)
        #expect(named.count >= modules && Set(named).count == named.count, "\(named)")
        var bytes = 0
        for address in named {
            let script = try await site.get(address)
            #expect(script.status == 200 && address.contains(#/\.[A-Za-z0-9_-]{10}\.js$/#), "\(address)")
            bytes += script.text.utf8.count
            for match in script.text.matches(of: #/\bfrom "([^"]+)"/#) {
                #expect(named.contains(String(match.1)), "\(address) loads \(match.1), of which the page does not know")
            }
        }
        #expect(bytes <= Bounds.bytes, "\(bytes) bytes of script in \(named)")
    }

    /// The product's pages with their assets.
    private func site(_ stage: Stage) async throws -> TestSite {
        let pages = try Pages([.web, InboxPages.bundle], chrome: SiteChrome(name: "Test"), clock: stage.clock)
        let tenant = stage.tenant
        return try await TestSite(
            PageRoutes.all(stage.office) + InboxProduct.api(stage.office) + [pages.assets.route], clock: stage.clock,
            pages: pages
        ) { services in
            services.tenants = SingleTenant(tenant)
        }
    }

    @Test func `a list and a thread load at most 50 KB of script at first`() async throws {
        try await Stage.with(.sqlite) { stage in
            let site = try await self.site(stage)
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let tom = try await stage.browser(stage.tom, on: site)
            try await expectLight(try await tom.get("/inbox?view=all"), modules: Bounds.modules, on: site)
            let thread = try await tom.get("/inbox/conversations/\(id)")
            #expect(thread.text.contains("/assets/inbox/thread."))
            try await expectLight(thread, modules: Bounds.modules, on: site)
        }
    }

    @Test func `a visitor's side loads at most 50 KB of script at first`() async throws {
        try await Stage.with(.sqlite, adapters: Stage.onlyWidget) { stage in
            let site = try await self.site(stage)
            let widget = try await stage.widget()
            try await expectLight(try await site.get("/inbox/widget/\(widget.id)"), modules: 2, on: site)
        }
    }
}
