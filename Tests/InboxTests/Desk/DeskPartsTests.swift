import Base
import Foundation
import Testing

@testable import Inbox

/// Small parts of the pages, without a database.
@Suite struct DeskPartsTests {
    @Test func `every refusal that a form may meet has a sentence, and good and bad words are told apart`() {
        for word in Said.good.keys { #expect(Said.sentence(word)?.isGood == true, "\(word)") }
        for word in Said.bad.keys { #expect(Said.sentence(word)?.isGood == false, "\(word)") }
        #expect(Said.sentence("nothing") == nil)
        let codes = Set(InboxError.Code.allCases.map(\.rawValue))
        for word in Said.bad.keys where word.hasPrefix("inbox.") { #expect(codes.contains(word), "\(word)") }
    }

    @Test func `numbers are kept in one form, and words begin a search`() {
        #expect(ContactWords.phone("+351 (21) 23-4") == "+35121234")
        #expect(ContactWords.phone("00351 21 234") == "+35121234")
        #expect(ContactWords.phone("912 345") == "912345")
        #expect(ContactWords.phone("ask Leo") == "ask Leo" && ContactWords.phone("  ") == nil)
        #expect(ContactWords.email(" Anna@Example.ORG ") == "anna@example.org")
        #expect(ContactWords("Ánna  BERG").asked == ["anna", "berg"])
        #expect(ContactWords("anna@ex").asked == ["anna@ex"])
        #expect(ContactWords("+351 21").asked == ["35121"])
        #expect(ContactWords("").asked.isEmpty)
    }

    @Test func `the clock of who fills a form in counts`() {
        #expect(LocalTime.timestamp("2026-11-27T09:30", minutesBehind: -60) == Timestamp("2026-11-27T08:30:00Z"))
        #expect(LocalTime.timestamp("2026-11-27T09:30", minutesBehind: 0) == Timestamp("2026-11-27T09:30:00Z"))
        #expect(LocalTime.timestamp("soon", minutesBehind: 0) == nil)
        #expect(LocalTime.timestamp("", minutesBehind: 0) == nil)
    }

    @Test func `a note mentions those whose whole name it holds`() {
        let (tom, ana): (ID<Person>, ID<Person>) = (ID(high: 1, low: 1), ID(high: 1, low: 2))
        let names = [tom: "Tom", ana: "Ana Reis"]
        #expect(Mentions.people(in: "ask @ana reis, please", of: names) == [ana])
        #expect(Mentions.people(in: "@Tom and @Ana Reis", of: names) == [tom, ana])
        #expect(Mentions.people(in: "ana reis", of: names).isEmpty)
    }

    @Test func `a company is found at its own host, else beside this one`() {
        func place(_ slug: String, _ host: String? = nil) -> CompanyPlace {
            CompanyPlace(tenant: Tenant(ID(high: 1, low: UInt64(slug.count))), slug: slug, host: host, name: slug)
        }
        let here = place("lumen")
        #expect(
            FrameDesk.address(of: place("casa"), from: "lumen.example.com:8080", here: here)
                == "//casa.example.com:8080/inbox")
        #expect(
            FrameDesk.address(of: place("casa", "casa.pt"), from: "lumen.example.com", here: here) == "//casa.pt/inbox")
        #expect(FrameDesk.address(of: place("casa"), from: "localhost:8080", here: here) == nil)
    }

    @Test func `what has happened and why nothing was sent are told in sentences`() {
        for happening in ConversationDesk.Happening.allCases {
            #expect(EventWords.sentence(happening.rawValue, by: "Tom") != happening.rawValue)
        }
        #expect(FailureWords.sentence(nil) == "It could not be sent.")
        #expect(FailureWords.sentence("blocked").contains("does not want"))
        #expect(Wording.badge(0).isEmpty && Wording.badge(99) == "99" && Wording.badge(100) == "99+")
        #expect(Wording.clock(Timestamp("2026-11-27T08:05:00Z") ?? .epoch) == "08:05")
    }
}
