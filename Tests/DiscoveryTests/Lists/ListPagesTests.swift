import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Discovery

/// Pages of lists and what stands beside them as a browser without script uses them: on real rows, by forms.
@Suite(.databases) struct ListPagesTests {
    private func count(_ part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }

    private func expectSound(_ answer: PerformedAnswer, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let html = answer.text
        #expect(answer.status == 200, "\(html.prefix(600))", sourceLocation: sourceLocation)
        #expect(!html.contains("{{") && !html.contains("}}"), sourceLocation: sourceLocation)
        #expect(!html.contains("style=\"") && !html.contains("onclick="), sourceLocation: sourceLocation)
        #expect(count("<h1", in: html) == 1 && count("<main", in: html) == 1, sourceLocation: sourceLocation)
        #expect(!html.contains("Optional(") && !html.contains("<b>bold"), sourceLocation: sourceLocation)
        var ids: Set<String> = []
        for match in html.matches(of: #/ id="([^"]+)"/#) {
            #expect(
                ids.insert(String(match.1)).inserted, "two parts are called \(match.1)", sourceLocation: sourceLocation)
        }
    }

    /// Who works on a template looks at it: PAGES_FOLDER=/some/folder writes what is tested.
    private func keep(_ html: String, as name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["PAGES_FOLDER"] else { return }
        try Data(html.utf8).write(to: URL(filePath: folder).appending(path: name + ".html"))
    }

    private func site(_ stage: ListStage) async throws -> TestSite {
        let tenant = stage.tenant
        let pages = try Pages([.web, DiscoveryPages.bundle], chrome: SiteChrome(name: "Test"), clock: stage.clock)
        return try await TestSite(stage.room.pages + stage.room.routes, clock: stage.clock, pages: pages) { services in
            services.tenants = SingleTenant(tenant)
        }
    }

    private struct Browser {
        let site: TestSite
        let session: (name: String, value: String)

        func get(_ path: String) async throws -> PerformedAnswer { try await site.get(path, headers: [session]) }

        /// Sends a form of a page.
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

    @Test(arguments: Backend.all)
    func `lists are made, starred, worked on and shared by forms alone`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<80)
            let site = try await site(stage)
            let mara = Browser(site: site, session: try await stage.session(stage.mara, on: site))
            let empty = try await mara.get(Addresses.lists)
            try expectSound(empty)
            #expect(empty.text.contains("No lists yet"))
            let made = try await mara.send(
                [("name", "<b>bold</b> shortlist")], to: Addresses.lists, from: Addresses.lists)
            #expect(made.status == 303)
            let page = String(try #require(made["location"]).prefix { $0 != "?" })
            let list = try #require(ID<CreatorList>(String(page.suffix(36))))
            try expectSound(try await mara.get(page))
            _ = try await stage.room.entries.add(
                (0..<80).map(stage.creatorID), to: list, by: stage.mara, in: stage.tenant)
            let board = try await mara.get(page)
            try expectSound(board)
            try keep(board.text, as: "board")
            #expect(board.text.contains("&lt;b&gt;bold&lt;/b&gt; shortlist") && board.text.contains("80 creators"))
            #expect(count("data-card=", in: board.text) == 15, "the page never holds more than sixty cards")
            #expect(count("data-bucket-column=", in: board.text) == 4)
            let more = try #require(board.text.firstMatch(of: /href="([^"]+)" data-more/)).1
            let turned = try await mara.get(String(more).replacing("&amp;", with: "&"))
            try expectSound(turned)
            #expect(count("data-card=", in: turned.text) == 15)
            let card = try #require(board.text.firstMatch(of: /data-card="([^"]+)"/)).1
            let creator = try #require(board.text.firstMatch(of: /name="creatorId" value="([^"]+)"/)).1
            func send(_ verb: String, _ fields: [(String, String)]) async throws -> String {
                let answer = try await mara.send(
                    [("listId", list.description)] + fields, to: "/discovery/entries/\(card)/\(verb)", from: page)
                return try #require(answer["location"])
            }
            #expect(try await send("move", [("bucket", "shortlist")]).contains("said=cardMoved"))
            #expect(try await send("pin", [("wanted", "true")]).contains("said=pinned"))
            #expect(
                try await send("contact", [("creatorId", String(creator)), ("channel", "email")])
                    .contains("said=contacted"))
            let written = try await mara.get(page + "?said=contacted")
            try expectSound(written)
            #expect(written.text.contains("Mara wrote just now") && written.text.contains("It is written down"))
            let star = try await mara.send([("wanted", "true")], to: page + "/star", from: Addresses.lists)
            #expect(star["location"]?.contains("said=listStarred") == true)
            let first = try await mara.get(Addresses.base)
            try expectSound(first)
            try keep(first.text, as: "dashboard")
            #expect(first.text.contains("&lt;b&gt;bold&lt;/b&gt; shortlist") && first.text.contains("@maker0"))
            try await stage.checkTotals(of: list)
            try await checkTable(mara, list, stage)
            try await checkSharing(mara, list, stage)
        }
    }

    private func checkTable(_ mara: Browser, _ list: ID<CreatorList>, _ stage: ListStage) async throws {
        let table = Addresses.table(list)
        for (label, kind, options) in [("Fee", "number", ""), ("Tier", "select", "A, B"), ("Brief", "check", "")] {
            let added = try await mara.send(
                [("label", label), ("kind", kind), ("options", options)], to: Addresses.list(list, "fields"),
                from: table)
            #expect(added["location"]?.contains("said=fieldAdded") == true)
        }
        let shown = try await mara.get(table)
        try expectSound(shown)
        try keep(shown.text, as: "table")
        #expect(count("name=\"entry\"", in: shown.text) == 50 && shown.text.contains("rel=\"next\""))
        let ids = shown.text.matches(of: /name="entry" value="([^"]+)"/).prefix(3).map { ("entry", String($0.1)) }
        let edit = Addresses.list(list, "edit")
        for (fields, said) in [
            ([("verb", "write"), ("key", "fee"), ("value", "250")], "entriesWritten"),
            ([("verb", "write"), ("key", "fee"), ("value", "much")], "discovery.listInvalid"),
            ([("verb", "move"), ("bucket", "booked")], "entriesMoved"),
            ([("verb", "remove")], "entriesRemoved"),
        ] {
            let answer = try await mara.send(ids + fields, to: edit, from: table)
            #expect(answer["location"]?.contains("said=\(said)") == true, "\(said): \(answer["location"] ?? "")")
        }
        try await stage.checkTotals(of: list)
        let grouped = try await mara.send(
            [("bucketField", "tier")], to: Addresses.list(list, "change"), from: Addresses.list(list))
        #expect(grouped["location"]?.contains("said=boardGrouped") == true)
        let busy = try await mara.get(Addresses.list(list))
        try expectSound(busy)
        #expect(busy.text.contains("Being put into other buckets") && !busy.text.contains("draggable=\"true\""))
        try await stage.room.steps.regroup(list, in: stage.tenant)
        let tiers = try await mara.get(Addresses.list(list))
        try expectSound(tiers)
        #expect(count("data-bucket-column=", in: tiers.text) == 2)
        try expectSound(try await mara.get(table))
    }

    private func checkSharing(_ mara: Browser, _ list: ID<CreatorList>, _ stage: ListStage) async throws {
        let sharing = Addresses.list(list, "links")
        try expectSound(try await mara.get(sharing))
        let linked = try await mara.send([("days", "7")], to: sharing, from: sharing)
        try expectSound(linked)
        let path = String(try #require(linked.text.firstMatch(of: /id="new-link" href="([^"]+)"/)).1)
        let stranger = try await mara.site.get(path)
        try expectSound(stranger)
        try keep(stranger.text, as: "shared")
        #expect(stranger.text.contains("77 creators") && !stranger.text.contains("@example.org"))
        #expect(stranger["cache-control"]?.contains("no-store") == true)
        let link = try #require(linked.text.firstMatch(of: /name="link" value="([^"]+)"/)).1
        let revoked = try await mara.send([("link", String(link))], to: sharing + "/revoke", from: sharing)
        #expect(revoked["location"]?.contains("said=linkRevoked") == true)
        #expect(try await mara.site.get(path).status == 404)
        let copied = try await mara.send([], to: Addresses.list(list, "duplicate"), from: Addresses.list(list))
        #expect(copied["location"]?.contains("said=listCopied") == true)
        let gone = try await mara.send([], to: Addresses.list(list, "delete"), from: Addresses.lists)
        #expect(gone["location"]?.contains("said=listDeleted") == true)
    }

    @Test(arguments: Backend.all)
    func `campaigns, exports and saved searches are looked after by forms alone`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<30)
            let site = try await site(stage)
            let mara = Browser(site: site, session: try await stage.session(stage.mara, on: site))
            let sam = Browser(site: site, session: try await stage.session(stage.sam, on: site))
            for path in [
                Addresses.campaigns, Addresses.exports, Addresses.savedSearches, Addresses.base, Addresses.lists,
            ] {
                try expectSound(try await mara.get(path))
                let viewer = try await sam.get(path)
                try expectSound(viewer)
                #expect(!viewer.text.contains("New campaign") && !viewer.text.contains("New list"))
            }
            let made = try await mara.send([("name", "Spring")], to: Addresses.campaigns, from: Addresses.campaigns)
            #expect(made["location"]?.contains("said=campaignCreated") == true)
            let shown = try await mara.get(Addresses.campaigns)
            let path = String(
                try #require(shown.text.firstMatch(of: /href="(\/discovery\/campaigns\/[0-9a-f-]{36})"/)).1)
            let campaign = try #require(ID<Campaign>(String(path.suffix(36))))
            try expectSound(try await mara.get(path))
            _ = try await stage.makeSearch(0..<20, campaign: campaign)
            _ = try await stage.makeSearch(10..<30, campaign: campaign)
            let compared = try await mara.get(path)
            try expectSound(compared)
            try keep(compared.text, as: "campaign")
            #expect(compared.text.contains("30 creators in all runs") && compared.text.contains("2 runs"))
            let moved = try await mara.send([("state", "completed")], to: path + "/change", from: path)
            #expect(moved["location"]?.contains("said=campaignChanged") == true)
            let ordered = try await mara.send(
                [("source", "campaign"), ("sourceId", campaign.description)], to: Addresses.exports, from: path)
            #expect(ordered["location"]?.contains("said=exportReady") == true, "\(ordered.text)")
            var wish = ExportDesk.Wish(source: .campaign, id: campaign.cast(to: ID<ExportSource>.self))
            wish.isInline = false
            guard case .queued(let export) = try await stage.room.exports.order(wish, by: stage.mara, in: stage.tenant)
            else { return }
            let exports = try await mara.get(Addresses.exports)
            try expectSound(exports)
            try keep(exports.text, as: "exports")
            #expect(exports.text.contains("0 of 40 rows") && exports.text.contains("40 rows"))
            #expect(exports.text.contains("Download"))
            let cancel = Addresses.export(export.id, "cancel")
            #expect(
                try await mara.send([], to: cancel, from: Addresses.exports)["location"]?
                    .contains("said=exportCancelled") == true)
            #expect(
                try await mara.send([], to: cancel, from: Addresses.lists)["location"]?
                    .contains("said=discovery.exportEnded") == true)
            try await checkSaved(mara)
        }
    }

    private func checkSaved(_ mara: Browser) async throws {
        let page = Addresses.savedSearches
        let saved = try await mara.send(
            [("keywords", "vegan skincare, clean beauty"), ("platform", "tiktok"), ("platform", "youtube")], to: page,
            from: page)
        #expect(saved["location"]?.contains("said=searchSaved") == true)
        let refused = try await mara.send([("keywords", ",")], to: page, from: page)
        #expect(refused["location"]?.contains("said=discovery.keywordsInvalid") == true)
        let shown = try await mara.get(page)
        try expectSound(shown)
        try keep(shown.text, as: "saved-searches")
        #expect(shown.text.contains("vegan skincare, clean beauty") && shown.text.contains("Every week"))
        let pause = String(try #require(shown.text.firstMatch(of: /action="([^"]+\/pause)"/)).1)
        #expect(
            try await mara.send([("wanted", "true")], to: pause, from: page)["location"]?.contains("searchPaused")
                == true)
        #expect(try await mara.get(page).text.contains("Paused"))
        let delete = String(try #require(shown.text.firstMatch(of: /action="([^"]+\/delete)"/)).1)
        #expect(try await mara.send([], to: delete, from: page)["location"]?.contains("savedSearchDeleted") == true)
        #expect(try await mara.get(page).text.contains("Nothing is saved yet"))
    }
}
