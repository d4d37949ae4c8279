import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct CreatorWordsTests {
    @Test(arguments: [
        ("Trail-running, ULTRA & #mountains", ["trail", "running", "ultra", "mountains"]),
        ("ada.trail123 @ada_b", ["ada", "trail123", "b"]),
        ("Schöne Grüße aus Łódź", ["schone", "gruße", "aus", "łodz"]),
        ("Ｆｕｌｌ ﬁne №5", ["full", "fine", "no5"]),
        ("ночь НОЧЬ", ["ночь"]),
        ("हिन्दी में", ["हिनदी", "में"]),
        ("東京 マラソン🏃‍♀️!", ["東京", "マラソン"]),
        ("... 🏃 --", []),
    ])
    func `words are letters and digits, however they are written`(_ text: String, _ words: [String]) {
        #expect(CreatorWords.split(text) == words)
        // What was split is not split further.
        #expect(CreatorWords.split(words.joined(separator: " ")) == words)
    }

    @Test func `a word and a text have their bounds`() {
        let long = CreatorWords.split(String(repeating: "a", count: 500))
        #expect(long == [String(repeating: "a", count: CreatorWords.Bounds.letters)])
        let many = CreatorWords.split((0..<1_000).map { "w\($0)" }.joined(separator: " "))
        #expect(many.count == CreatorWords.Bounds.words && many.last == "w299")
    }

    /// What people wrote, and who is found by what: the same on every engine.
    private static let bios: [(handle: String, bio: String)] = [
        ("one", "Trail-running & #ultra in the Alps. 1e5 steps, v2.0"),
        ("two", "Running late; trails, not trail."),
        ("three", "Schöne Läufe um Łódź, naïve café"),
        ("four", "東京 マラソン and ночь runs"),
        ("five", "o'clock_runner 100% e-mail: a.b@example.com"),
        ("six", "C++ and R&D; it's \"quoted\" \\ | & ! ( ) : * <->"),
    ]
    private static let found: [(question: String, handles: [String])] = [
        ("trail", ["one", "two"]), ("TRAIL running", ["one", "two"]), ("running trail ultra", ["one"]),
        // Whole words only.
        ("run", []), ("runs", ["four"]), ("trails", ["two"]),
        ("schone laufe", ["three"]), ("SCHÖNE", ["three"]), ("cafe naive", ["three"]),
        ("東京", ["four"]), ("マラソン ночь", ["four"]), ("НОЧЬ", ["four"]),
        ("1e5", ["one"]), ("v2 0", ["one"]), ("2", []), ("100", ["five"]), ("a.b", ["five"]), ("example com", ["five"]),
        ("c++", ["six"]), ("r&d", ["six"]), ("it's", ["six"]), ("quoted | !", ["six"]), ("clock", ["five"]),
        ("!!! & |", []), ("trail !x", []), ("nobody", []),
    ]

    @Test(arguments: Backend.all)
    func `whoever is asked for with the same words is found on every engine`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let creators = Self.bios.enumerated().map { place, line in
                ListedCreator(
                    externalID: "w\(place)", handle: line.handle, name: "Somebody", bio: line.bio,
                    facts: CreatorFacts(), links: [], pictureURL: nil)
            }
            stage.directory.play("words", [creators])
            _ = try await stage.finish(try await stage.start(["words"]))
            for line in Self.found {
                let page = try await stage.bureau.creators.page(
                    matching: line.question, after: nil, limit: 20, in: stage.tenant)
                #expect(Set(page.items.map(\.handle)) == Set(line.handles), "“\(line.question)”")
                // The estimate of a search counts the same creators, where the question is one that a search may have.
                guard (2...80).contains(line.question.count) else { continue }
                let held = try await stage.bureau.searches.matches.held(
                    [line.question], leavingOut: Exclusions(), at: stage.clock.now(), in: stage.tenant)
                #expect(held.all == line.handles.count, "“\(line.question)” before a search")
            }
            let other = Tenant(ID(high: 4, low: 4))
            let theirs = try await stage.bureau.creators.page(matching: "trail", after: nil, limit: 20, in: other)
            #expect(theirs.items.isEmpty)
        }
    }
}
