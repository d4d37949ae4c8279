import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

/// Pages of comments, people and reports as a browser without script uses them: on real rows, by forms.
@Suite(.databases) struct SocialPagesTests {
    private func count(_ part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }

    private func expectSound(_ html: String) {
        #expect(!html.contains("{{") && !html.contains("}}"))
        #expect(!html.contains("style=\"") && !html.contains("onclick=") && !html.contains("javascript:"))
        #expect(count("<h1", in: html) == 1 && count("<main", in: html) == 1)
        #expect(!html.contains("Optional(") && !html.contains("<b>bold"))
    }

    /// Who works on a template looks at it: PAGES_FOLDER=/some/folder writes what is tested.
    private func keep(_ html: String, as name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["PAGES_FOLDER"] else { return }
        try Data(html.utf8).write(to: URL(filePath: folder).appending(path: name + ".html"))
    }

    @Test(arguments: Backend.all)
    func `one comments, answers, likes, reports and deletes by forms alone`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let clip = scene.clips[0]
            let (site, page) = (try await stage.fullSite(), Addresses.clip(clip.id))
            let me = try await stage.session(stage.person(1), role: .member, on: site)
            let other = try await stage.session(stage.person(2), role: .member, on: site)
            let empty = try await site.get(page)
            expectSound(empty.text)
            #expect(empty.text.contains("No comments yet") && empty.text.contains("Sign in to comment"))
            let sent = try await stage.send(
                ["text": "<b>bold</b>\r\nand true"], to: Addresses.comments(clip.id), from: page, on: site, as: me)
            #expect(sent.status == 303 && sent["location"]?.hasSuffix("?said=commented#comments") == true)
            let shown = try await site.get(page + "?said=commented", headers: [other])
            expectSound(shown.text)
            #expect(shown.text.contains("&lt;b&gt;bold&lt;/b&gt;\nand true") && shown.text.contains("1 comment"))
            #expect(shown.text.contains("Your comment is there."))
            let id = try #require(shown.text.firstMatch(of: /id="comment-([0-9a-f-]{36})"/)).1
            let reply = try await stage.send(
                ["text": "Thanks.", "parentId": String(id)], to: Addresses.comments(clip.id), from: page, on: site,
                as: other)
            #expect(reply.status == 303)
            let comment = try #require(ID<Comment>(String(id)))
            let like = try await stage.send(
                ["wanted": "like", "clipId": clip.id.description], to: Addresses.comment(comment, "like"), from: page,
                on: site, as: other)
            #expect(like["location"] == "\(page)?said=liked#comment-\(id)")
            let report = try await stage.send(
                ["kind": "comment", "targetId": String(id), "reason": "Rude.", "clipId": clip.id.description],
                to: Addresses.reports, from: page, on: site, as: other)
            #expect(report["location"]?.contains("said=reported") == true)
            let seen = try await site.get(page, headers: [other])
            try keep(seen.text, as: "clip-with-comments")
            #expect(seen.text.contains("1 like") && seen.text.contains("aria-pressed=\"true\""))
            #expect(count("class=\"thread replies\"", in: seen.text) == 1 && seen.text.contains("2 comments"))
            let refused = try await stage.send(
                ["text": "   "], to: Addresses.comments(clip.id), from: page, on: site, as: me)
            #expect(refused["location"]?.contains("said=tournament.commentInvalid") == true)
            let foreign = try await stage.send(
                ["clipId": clip.id.description], to: Addresses.comment(comment, "delete"), from: page, on: site,
                as: other)
            #expect(foreign["location"]?.contains("said=tournament.notFound") == true)
            let gone = try await stage.send(
                ["clipId": clip.id.description], to: Addresses.comment(comment, "delete"), from: page, on: site, as: me)
            #expect(gone["location"]?.contains("said=commentDeleted") == true)
            #expect(try await site.get(page).text.contains("No comments yet"))
            #expect(try await stage.socialFaults() == [])
        }
    }

    @Test(arguments: Backend.all)
    func `a profile shows numbers, clips and the way to follow, one's own also votes and comments`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 3)
            let site = try await stage.fullSite()
            let maker = scene.clips[0].personID
            let me = try await stage.session(maker, role: .member, on: site)
            let other = try await stage.session(stage.person(2), role: .member, on: site)
            _ = try await stage.desk.cast(
                .super, on: scene.clips[1].id, by: Tournament.Voter(person: maker, in: stage.tenant), in: stage.tenant)
            _ = try await stage.post("mine", on: scene.clips[1], by: maker, state: .pending)
            let path = Addresses.person(maker)
            let page = try await site.get(path, headers: [other])
            expectSound(page.text)
            #expect(page.text.contains("Maker 0") && page.text.contains("Clip 0") && page.text.contains(">Follow<"))
            #expect(page.text.contains("1 today") && !page.text.contains("Your votes"))
            let followed = try await stage.send(
                ["wanted": "follow"], to: Addresses.follow(maker), from: path, on: site, as: other)
            #expect(followed["location"] == "\(path)?said=followed#main")
            let after = try await site.get(path, headers: [other])
            #expect(after.text.contains("1 follower ·") && after.text.contains(">Following<"))
            let own = try await site.get(Addresses.me, headers: [me])
            expectSound(own.text)
            try keep(own.text, as: "person-own")
            #expect(own.text.contains("Super, just now") && own.text.contains("waits for a moderator"))
            #expect(try await site.get(Addresses.person(ID(high: 2, low: 2))).status == 404)
            let board = try await site.get(Addresses.board("creators"))
            #expect(board.text.contains(path))
        }
    }

    @Test(arguments: Backend.all)
    func `moderators see what waits and what is reported, and decide by form with a reason`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let site = try await stage.fullSite()
            let moderator = try await stage.session(stage.person(9), role: .moderator, on: site)
            let member = try await stage.session(stage.person(8), role: .member, on: site)
            let path = Addresses.reportsDesk
            #expect(try await site.get(path, headers: [member]).status == 403)
            let idle = try await site.get(path, headers: [moderator])
            expectSound(idle.text)
            #expect(idle.text.contains("Nothing waits"))
            let waiting = try await stage.post("waits", on: scene.clips[0], by: stage.person(1), state: .pending)
            let rude = try await stage.post("rude words", on: scene.clips[0], by: stage.person(2))
            for number in 0..<5 { _ = try await stage.report(rude.id, by: stage.person(20 + number)) }
            _ = try await stage.house.reports.report(
                ReportTarget(kind: .clip, id: scene.clips[1].id.cast(to: ID<ReportTarget>.self)),
                reason: "Not their own film.", by: stage.person(3), in: stage.tenant)
            let desk = try await site.get(path, headers: [moderator])
            expectSound(desk.text)
            try keep(desk.text, as: "reports")
            #expect(desk.text.contains("5 reports") && desk.text.contains(">hidden<"))
            #expect(desk.text.contains("Not their own film.") && desk.text.contains("waits"))
            let rejected = try await stage.send(
                ["decision": "reject", "reason": "Insults."], to: Addresses.review(rude.id), from: path,
                on: site, as: moderator)
            #expect(rejected["location"] == "\(path)?said=commentRejected#main")
            let approved = try await stage.send(
                ["decision": "approve"], to: Addresses.review(waiting.id), from: path, on: site, as: moderator)
            #expect(approved["location"] == "\(path)?said=commentApproved#main")
            let dismissed = try await stage.send(
                ["reason": "It is."], to: "\(path)/clip/\(scene.clips[1].id)/dismiss", from: path, on: site,
                as: moderator)
            #expect(dismissed["location"] == "\(path)?said=reportsDismissed#main")
            #expect(try await site.get(path, headers: [moderator]).text.contains("Nothing waits"))
            let author = try await stage.session(stage.person(2), role: .member, on: site)
            let told = try await site.get(Addresses.clip(scene.clips[0].id), headers: [author])
            #expect(told.text.contains("taken out by a moderator") && told.text.contains("Reason: Insults."))
            #expect(try await stage.socialFaults() == [])
        }
    }
}
