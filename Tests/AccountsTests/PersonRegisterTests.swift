import Base
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web

@testable import Accounts

@Suite(.databases) struct PersonRegisterTests {
    @Test(arguments: Backend.all)
    func `the register says what is written now, whatever a session says`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let (doorkeeper, tenant) = (installation.doorkeeper, installation.open)
        let register = PersonRegister(storage: installation.storage)
        let ada = try await installation.signUp("ada@example.net").profile.id
        let first = try #require(try await register.standing(of: ada, in: tenant))
        #expect(first.role == .member && !first.isBanned && !first.isVerified && !first.name.isEmpty)
        try await doorkeeper.setRole(.moderator, of: ada, in: tenant, by: .system)
        try await doorkeeper.verify(ada, in: tenant, by: .system)
        let second = try #require(try await register.standing(of: ada, in: tenant))
        #expect(second.role == .moderator && second.isVerified)
        try await doorkeeper.ban(ada, in: tenant, by: .system, authority: .operator, reason: "x")
        #expect(try await register.standing(of: ada, in: tenant)?.isBanned == true)
        #expect(try await register.standing(of: ada, in: installation.invited) == nil)
        #expect(try await register.standing(of: ID(high: 1, low: 1), in: tenant) == nil)
    }
}
