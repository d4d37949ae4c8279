import Accounts
import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct InvitationPagesTests {
    private func settle(_ person: ID<Person>, _ role: Role, _ stage: Stage) async throws {
        let now = stage.clock.now()
        try await stage.storage.write(bypassingTenant: TestRight.people) { transaction in
            _ = try await transaction.execute(
                "test.person",
                """
                INSERT INTO people (id, email, name, password, is_operator, created_at)
                VALUES (\(person), \("\(person)@example.com"), 'Tom <b>bold', 'x', false, \(now))
                """)
        }
        _ = try await stage.storage.writer(for: stage.tenant).execute(
            "test.membership",
            """
            INSERT INTO memberships (tenant_id, person_id, role, is_owner, joined_at)
            VALUES (\(stage.tenant), \(person), \(role.rawValue), false, \(now))
            """)
    }

    @Test(arguments: Backend.all)
    func `an administrator invites by form, is shown the link once, and takes it back`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            try await settle(stage.tom, .moderator, stage)
            let site = try await stage.pages()
            let admin = try await stage.browser(stage.tom, .admin, on: site)
            let empty = try await admin.get("/inbox/team")
            try expectSound(empty)
            #expect(empty.text.contains("Nobody is invited at the moment."))
            // An administrator gives no seat above theirs.
            #expect(empty.text.contains("<option value=\"admin\">") && !empty.text.contains("<option value=\"owner\">"))
            let shown = try await admin.send(
                [("email", "ana@example.com"), ("seat", "admin")], to: "/inbox/team/invitations", from: "/inbox/team")
            try expectSound(shown)
            #expect(shown["cache-control"] == "private, no-store")
            #expect(admin.statements == 3)
            let link = try #require(
                shown.text.firstMatch(of: #/value="http:\/\/[^"\/]*\/invitations\/([A-Za-z0-9_-]{43})\?next=\/inbox"/#))
            let token = Secret(String(link.1))
            let found = try #require(try await stage.office.invitations.find(token, in: stage.tenant))
            #expect(found.role == Seat.admin.role && found.email.text == "ana@example.com")
            let page = try await admin.get("/inbox/team")
            try expectSound(page)
            #expect(admin.statements <= 2)
            #expect(page.text.contains("ana@example.com") && page.text.contains("by Tom &lt;b&gt;bold, good until"))
            #expect(!page.text.contains(String(link.1)))
            // An agent sees neither who is invited nor the form.
            let agent = try await stage.browser(stage.priya, on: site)
            let theirs = try await agent.get("/inbox/team")
            #expect(!theirs.text.contains("ana@example.com") && !theirs.text.contains("invite-email"))
            let path = "/inbox/team/invitations/\(found.id)/withdrawal"
            #expect(
                try await agent.send([], to: path, from: "/inbox/replies")["location"]?.contains("inbox.notAllowed")
                    == true)
            #expect(try await admin.send([], to: path, from: "/inbox/team").status == 303)
            #expect(admin.statements == 2)
            let gone = try #require(try await stage.office.invitations.find(token, in: stage.tenant))
            #expect(gone.state(at: stage.clock.now()) == .withdrawn)
        }
    }

    @Test(arguments: Backend.all) func `what cannot be invited is said on the page`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            try await settle(stage.tom, .moderator, stage)
            let site = try await stage.pages()
            let admin = try await stage.browser(stage.tom, .admin, on: site)
            func word(_ email: String, _ seat: String) async throws -> String? {
                try await admin.send(
                    [("email", email), ("seat", seat)], to: "/inbox/team/invitations", from: "/inbox/team")["location"]
            }
            for (email, seat, code) in [
                ("nobody", "agent", "accounts.emailInvalid"), ("ana@example.com", "owner", "accounts.roleTooHigh"),
                ("\(stage.tom)@example.com", "agent", "accounts.alreadyMember"),
            ] {
                #expect(try await word(email, seat) == "/inbox/team?said=\(code)#invitations")
                #expect(Said.bad[code] != nil)
            }
            try expectSound(try await admin.get("/inbox/team?said=accounts.alreadyMember"))
        }
    }
}
