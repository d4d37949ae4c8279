import Base
import Foundation
import Hosting
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct FlagPageTests {
    @Test(arguments: Backend.all)
    func `the desk shows every flag, a director switches it by form, and it is in force at once`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let site = try await stage.fullSite()
            let moderator = try await stage.session(stage.person(1), role: .moderator, on: site)
            let director = try await stage.session(stage.person(2), role: .administrator, on: site)
            let member = try await stage.session(stage.person(3), role: .member, on: site)
            let path = Addresses.flagsDesk
            #expect(try await site.get(path, headers: [member]).status == 403)
            let seen = try await site.get(path, headers: [moderator])
            #expect(seen.status == 200 && !seen.text.contains("Switch o"))
            for flag in Playhouse.Flags.all { #expect(seen.text.contains("<code>\(flag.key)</code>")) }
            let key = Playhouse.Flags.requireAuthVoting.key
            let refused = try await stage.send(
                ["isEnabled": "true"], to: "\(path)/\(key)", from: Addresses.clip(scene.clips[0].id), on: site,
                as: moderator)
            #expect(refused.status == 403)
            #expect(!stage.house.isOn(Playhouse.Flags.requireAuthVoting, in: stage.tenant))
            let changed = try await stage.send(
                ["isEnabled": "true"], to: "\(path)/\(key)", from: path, on: site, as: director)
            #expect(changed["location"] == "\(path)?said=switchedOn")
            #expect(stage.house.isOn(Playhouse.Flags.requireAuthVoting, in: stage.tenant))
            let unknown = try await stage.send(
                ["isEnabled": "true"], to: "\(path)/everything", from: path, on: site, as: director)
            #expect(unknown.status == 400)
            let again = try await site.get(path + "?said=switchedOn", headers: [director])
            #expect(again.text.contains("It is switched on.") && again.text.contains("Switch off"))
        }
    }
}
