import Base
import BaseTestKit
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web

@testable import Accounts

@Suite(.databases) struct InvitationTests {
    private func code(_ work: () async throws -> Void) async -> AccountsError.Code? {
        do {
            try await work()
            return nil
        } catch let error as AccountsError {
            return error.code
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    /// The owner of the tenant that lets nobody in who was not invited.
    private func owner(_ installation: Installation) async throws -> ID<Person> {
        let owner = try await installation.doorkeeper.appoint(
            email: "boss@example.com", password: Installation.password, name: "Boss", in: installation.invited,
            as: .administrator, owner: .yes)
        return try #require(owner).id
    }

    private func signUp(
        _ installation: Installation, _ token: Secret<String>, name: String = "Ada"
    ) async throws -> SignUpOutcome {
        try await installation.doorkeeper.signUp(
            name: name, password: Installation.password, by: token, into: installation.invited,
            from: Installation.address)
    }

    private func role(_ installation: Installation, _ email: String) async throws -> Role? {
        let outcome = try await installation.signIn(email, into: installation.invited)
        guard case .welcome(let welcome) = outcome else { return nil }
        return welcome.role
    }

    @Test(arguments: Backend.all) func `whoever is invited signs up, has the role, and the link is good once`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        let (_, token) = try await installation.invitations.invite(
            " Ada@Example.com ", as: .moderator, by: boss, authority: .administrator, to: tenant)
        #expect(token.reveal { $0.utf8.count } == InvitationText.characters)
        guard case .welcome(let welcome) = try await signUp(installation, token) else {
            Issue.record("Ada was not let in")
            return
        }
        #expect(welcome.role == .moderator)
        #expect(welcome.profile.email.text == "ada@example.com")
        // The address was not shown to be hers: whoever invites has seen the link, too.
        #expect(welcome.profile.verifiedAt == nil)
        #expect(try await role(installation, "ada@example.com") == .moderator)
        #expect(await code { _ = try await signUp(installation, token) } == .invitationUsed)
        #expect(try await installation.invitations.waiting(of: tenant).isEmpty)
        let actions = try await installation.trail.page(of: tenant).items.map(\.action)
        #expect(actions.contains("invitation.given") && actions.contains("invitation.accepted"))
        let told = try await Notifications(
            storage: installation.storage, clock: installation.clock, randomness: SeededRandomness(seed: 4)
        ).page(of: boss, in: tenant).items
        #expect(told.map(\.title) == ["Ada has accepted your invitation"])
    }

    @Test(arguments: Backend.all) func `who has an account signs in by the link, and elsewhere is nobody`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        let ada = try await installation.signUp("ada@example.com").profile.id
        #expect(try await role(installation, "ada@example.com") == nil)
        let (_, token) = try await installation.invitations.invite(
            "ada@example.com", as: .member, by: boss, authority: .administrator, to: tenant)
        #expect(try await signUp(installation, token, name: "Eve") == .emailTaken)
        func signIn(_ password: Secret<String>) async throws -> SignInOutcome {
            try await installation.doorkeeper.signIn(
                password: password, by: token, into: tenant, from: Installation.address)
        }
        #expect(try await signIn(Secret("wrong horse battery")) == .refused)
        guard case .welcome(let welcome) = try await signIn(Installation.password) else {
            Issue.record("Ada was not let in")
            return
        }
        #expect(welcome.profile.id == ada && welcome.role == .member)
        #expect(try await role(installation, "ada@example.com") == .member)
        #expect(await code { _ = try await signIn(Installation.password) } == .invitationUsed)
        // In the other tenant nothing of the link is known.
        #expect(
            await code {
                _ = try await installation.doorkeeper.accept(token, by: ada, in: installation.open)
            } == .invitationUnknown)
    }

    @Test(arguments: Backend.all) func `guesses of a password by a link count as any others`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        _ = try await installation.signUp("ada@example.com")
        let (_, token) = try await installation.invitations.invite(
            "ada@example.com", as: .member, by: boss, authority: .administrator, to: tenant)
        for _ in 0..<10 {
            #expect(
                try await installation.doorkeeper.signIn(
                    password: Secret("wrong"), by: token, into: tenant, from: Installation.address) == .refused)
        }
        guard
            case .limited = try await installation.doorkeeper.signIn(
                password: Installation.password, by: token, into: tenant, from: Installation.address)
        else {
            Issue.record("an eleventh guess was let through")
            return
        }
    }

    @Test(arguments: Backend.all) func `a new invitation takes the place of the old one, and a withdrawn one says so`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        func invite(_ role: Role) async throws -> (id: ID<Invitation>, token: Secret<String>) {
            try await installation.invitations.invite(
                "ada@example.com", as: role, by: boss, authority: .administrator, to: tenant)
        }
        let first = try await invite(.member)
        let second = try await invite(.administrator)
        #expect(first.id == second.id)
        let waiting = try await installation.invitations.waiting(of: tenant)
        #expect(waiting.map(\.role) == [.administrator] && waiting.map(\.inviterName) == ["Boss"])
        #expect(await code { _ = try await signUp(installation, first.token) } == .invitationUnknown)
        // A moderator does not take back what only an administrator could give.
        #expect(
            await code {
                try await installation.invitations.withdraw(second.id, of: tenant, by: boss, authority: .moderator)
            } == .roleTooHigh)
        #expect(try await installation.invitations.waiting(of: tenant).count == 1)
        try await installation.invitations.withdraw(second.id, of: tenant, by: boss, authority: .administrator)
        #expect(await code { _ = try await signUp(installation, second.token) } == .invitationWithdrawn)
        #expect(
            await code {
                try await installation.invitations.withdraw(second.id, of: tenant, by: boss, authority: .administrator)
            } == .notFound)
        #expect(
            await code {
                try await installation.invitations.withdraw(
                    second.id, of: installation.open, by: boss, authority: .administrator)
            } == .notFound)
    }

    @Test(arguments: Backend.all) func `an open invitation is replaced only by who could have given it`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        let invitations = installation.invitations
        func invite(_ role: Role, _ authority: Role) async throws -> Secret<String> {
            try await invitations.invite("ada@example.com", as: role, by: boss, authority: authority, to: tenant).token
        }
        let first = try await invite(.administrator, .administrator)
        for role in [Role.member, .moderator] {
            #expect(await code { _ = try await invite(role, .moderator) } == .roleTooHigh)
        }
        #expect(try await invitations.find(first, in: tenant)?.role == .administrator)
        // An equal or lower one gives way, and one whose time is over does so to everybody.
        let second = try await invite(.moderator, .administrator)
        let third = try await invite(.member, .moderator)
        #expect(try await invitations.find(second, in: tenant) == nil)
        #expect(try await invitations.find(third, in: tenant)?.role == .member)
        _ = try await invite(.administrator, .administrator)
        installation.clock.advance(by: Invitation.lifetime)
        let last = try await invite(.moderator, .moderator)
        #expect(try await invitations.find(last, in: tenant)?.role == .moderator)
        #expect(try await invitations.waiting(of: tenant).count == 1)
    }

    @Test(arguments: Backend.all) func `seven days are the end of a link, and forty of what is known of it`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        let (_, token) = try await installation.invitations.invite(
            "ada@example.com", as: .member, by: boss, authority: .administrator, to: tenant)
        installation.clock.advance(by: Invitation.lifetime)
        #expect(await code { _ = try await signUp(installation, token) } == .invitationExpired)
        let waiting = try await installation.invitations.waiting(of: tenant)
        #expect(waiting.map { $0.state(at: installation.clock.now()) } == [.expired])
        installation.clock.advance(by: .seconds(31 * 86_400))
        let retention = Retention(
            storage: installation.storage, modules: [AccountsSchema.module], clock: installation.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(try await retention.sweep() >= 1)
        #expect(await code { _ = try await signUp(installation, token) } == .invitationUnknown)
    }

    @Test(arguments: Backend.all) func `whoever loses their place leaves no invitation that is good`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        let (_, pass) = try await installation.invitations.invite(
            "mo@example.com", as: .moderator, by: boss, authority: .administrator, to: tenant)
        guard case .welcome(let mo) = try await signUp(installation, pass, name: "Mo") else {
            Issue.record("Mo was not let in")
            return
        }
        let (_, token) = try await installation.invitations.invite(
            "ada@example.com", as: .moderator, by: mo.profile.id, authority: .moderator, to: tenant)
        try await installation.doorkeeper.setRole(.member, of: mo.profile.id, in: tenant, by: .person(boss))
        #expect(await code { _ = try await signUp(installation, token) } == .invitationWithdrawn)
        try await installation.doorkeeper.setRole(.moderator, of: mo.profile.id, in: tenant, by: .person(boss))
        try await installation.doorkeeper.ban(
            mo.profile.id, in: tenant, by: .person(boss), authority: .administrator, reason: "x")
        #expect(await code { _ = try await signUp(installation, token) } == .invitationWithdrawn)
    }

    @Test(arguments: Backend.all) func `somebody who is a member rises by an invitation, and never falls`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        let invitations = installation.invitations
        let (_, first) = try await invitations.invite(
            "ada@example.com", as: .member, by: boss, authority: .administrator, to: tenant)
        guard case .welcome(let ada) = try await signUp(installation, first) else {
            Issue.record("Ada was not let in")
            return
        }
        #expect(
            await code {
                _ = try await invitations.invite(
                    "ada@example.com", as: .member, by: boss, authority: .administrator, to: tenant)
            } == .alreadyMember)
        let (_, second) = try await invitations.invite(
            "ada@example.com", as: .moderator, by: boss, authority: .administrator, to: tenant)
        #expect(
            await code { _ = try await installation.doorkeeper.accept(second, by: boss, in: tenant) }
                == .invitationForAnother)
        let raised = try await installation.doorkeeper.accept(second, by: ada.profile.id, in: tenant)
        #expect(raised.role == .moderator && raised.version > ada.version)
        #expect(try await role(installation, "ada@example.com") == .moderator)
        // Given before she rose, a lower one changes nothing.
        let (_, third) = try await invitations.invite(
            "ada@example.com", as: .administrator, by: boss, authority: .administrator, to: tenant)
        try await installation.doorkeeper.setRole(.administrator, of: ada.profile.id, in: tenant, by: .person(boss))
        let same = try await installation.doorkeeper.accept(third, by: ada.profile.id, in: tenant)
        #expect(same.role == .administrator)
        for role in [Role.administrator, .operator] {
            #expect(
                await code {
                    _ = try await invitations.invite(
                        "eve@example.com", as: role, by: boss, authority: .moderator, to: tenant)
                } == .roleTooHigh)
        }
    }

    @Test(arguments: Backend.all) func `of two who open one link at once, one is let in`(backend: Backend) async throws
    {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        let ada = try await installation.signUp("ada@example.com").profile.id
        let (_, token) = try await installation.invitations.invite(
            "ada@example.com", as: .member, by: boss, authority: .administrator, to: tenant)
        let doorkeeper = installation.doorkeeper
        let good = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        _ = try await doorkeeper.accept(token, by: ada, in: tenant)
                        return true
                    } catch let error as AccountsError {
                        #expect(error.code == .invitationUsed)
                        return false
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(good == 1)
        let entries = try await installation.trail.page(of: tenant).items
        #expect(entries.filter { $0.action == "invitation.accepted" }.count == 1)
    }

    @Test(arguments: Backend.all) func `as many are open as may be, within a tenant and within an hour`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        func invite(_ number: Int) async throws {
            _ = try await installation.invitations.invite(
                "p\(number)@example.com", as: .member, by: boss, authority: .administrator, to: tenant)
        }
        // What is refused uses nothing of the hour up.
        #expect(
            await code {
                _ = try await installation.invitations.invite(
                    "nobody", as: .member, by: boss, authority: .administrator, to: tenant)
            } == .emailInvalid)
        for number in 0..<Invitations.Bounds.perHour { try await invite(number) }
        let limited = await #expect(throws: Problem.self) { try await invite(1_000) }
        #expect(limited?.code == "accounts.limited" && limited?.retryAfter != nil)
        installation.clock.advance(by: .seconds(3_600))
        for number in 100..<200 { try await invite(number) }
        installation.clock.advance(by: .seconds(3_600))
        #expect(await code { try await invite(1_000) } == .tooManyInvitations)
        // One in the place of an earlier one is always possible.
        try await invite(0)
        // Those whose time is over count no more.
        installation.clock.advance(by: Invitation.lifetime)
        try await invite(1_000)
    }

    @Test(arguments: Backend.all) func `who leaves takes their address out of what was accepted`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (boss, tenant) = (try await owner(installation), installation.invited)
        let (_, token) = try await installation.invitations.invite(
            "ada@example.com", as: .member, by: boss, authority: .administrator, to: tenant)
        guard case .welcome(let ada) = try await signUp(installation, token) else {
            Issue.record("Ada was not let in")
            return
        }
        try await PersonalDataStore(storage: installation.storage).leave(
            Leaver(person: ada.profile.id, pseudonym: ID(high: 1, low: 2)), tenant)
        #expect(try await installation.invitations.find(token, in: tenant) == nil)
    }
}
