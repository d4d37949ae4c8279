import Base
import Foundation
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

/// A browser without script: it follows links and sends the forms that pages show.
struct Browser {
    let site: TestSite
    let session: (name: String, value: String)

    func get(_ path: String) async throws -> PerformedAnswer { try await site.get(path, headers: [session]) }

    /// How many statements the last request has sent.
    var statements: Int { site.records.last?.cost[.statements] ?? -1 }

    /// Sends a form of a page.
    @discardableResult
    func send(_ fields: [(String, String)], to path: String, from page: String) async throws -> PerformedAnswer {
        let shown = try await get(page).text
        let token = try #require(shown.firstMatch(of: /name="formToken" value="([^"]+)"/)).1
        let body = ([("formToken", String(token))] + fields)
            .map { "\(Query.encoded($0.0))=\(Query.encoded($0.1))" }.joined(separator: "&")
        return try await site.request(
            "POST", path, headers: [session, ("content-type", "application/x-www-form-urlencoded")],
            body: Array(body.utf8))
    }
}

extension Stage {
    /// The product's pages and its API.
    func pages() async throws -> TestSite {
        let tenant = tenant
        let pages = try Pages([.web, InboxPages.bundle], chrome: SiteChrome(name: "Test"), clock: clock)
        return try await TestSite(PageRoutes.all(office) + InboxProduct.api(office), clock: clock, pages: pages) {
            services in
            services.tenants = SingleTenant(tenant)
        }
    }

    func browser(_ person: ID<Person>, _ seat: Seat = .agent, on site: TestSite) async throws -> Browser {
        Browser(site: site, session: try await session(person, seat, on: site))
    }
}

/// What every page has to be: whole, escaped, one heading, ids once, nothing that the policy would refuse.
func expectSound(_ answer: PerformedAnswer, sourceLocation: SourceLocation = #_sourceLocation) throws {
    func count(_ part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }
    // Templates of scripts are no part of the page that is read.
    let html = answer.text.replacing(#/<template[\s\S]*?<\/template>/#, with: "")
    #expect(answer.status == 200, "\(answer.text.prefix(600))", sourceLocation: sourceLocation)
    #expect(!html.contains("{{") && !html.contains("}}"), sourceLocation: sourceLocation)
    #expect(!html.contains("style=\"") && !html.contains("onclick="), sourceLocation: sourceLocation)
    #expect(count("<h1", in: html) == 1 && count("<main", in: html) == 1, sourceLocation: sourceLocation)
    #expect(!html.contains("Optional(") && !html.contains("<b>bold"), sourceLocation: sourceLocation)
    var ids: Set<String> = []
    for match in html.matches(of: #/ id="([^"]+)"/#) {
        #expect(ids.insert(String(match.1)).inserted, "two parts are called \(match.1)", sourceLocation: sourceLocation)
    }
    for match in html.matches(of: #/ for="([^"]+)"/#) {
        #expect(ids.contains(String(match.1)), "nothing is called \(match.1)", sourceLocation: sourceLocation)
    }
    for form in html.matches(of: #/<form[^>]*method="post"[\s\S]*?<\/form>/#) {
        #expect(form.0.contains("name=\"formToken\""), "\(form.0.prefix(200))", sourceLocation: sourceLocation)
    }
    // Who works on a template looks at it: PAGES_FOLDER=/some/folder writes what is tested.
    if let folder = ProcessInfo.processInfo.environment["PAGES_FOLDER"],
        let title = html.firstMatch(of: /<title>([^<]*)/)
    {
        try Data(answer.text.utf8).write(
            to: URL(filePath: folder).appending(path: title.1.filter { $0.isLetter } + ".html"))
    }
}
