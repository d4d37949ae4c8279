import Base
import Foundation

/// Sixty thousand invented creators over forty topics, each a pure function of its number: no file, no table, the same on
/// every machine.
///
/// Creator `n` belongs to topic `n % 40` and platform `n / 40 % 3`, so that the five hundred of a topic and platform are
/// found without looking.
enum DemoUniverse {
    static let count = 60_000
    static let topics = 40
    /// Creators of one topic on one platform.
    static let shelf = count / topics / 3
    static let perPage = 30
    static let seed: UInt64 = 0xD15C_0E51

    /// The keyword that fails however often it is asked for.
    static let failing = "trail running drone"
    /// The keyword whose pages take their time.
    static let slow = "slow travel"

    // MARK: Chance

    /// SplitMix64's finaliser (Steele, Lea and Flood, 2014) over the seed and two numbers.
    static func mix(_ a: UInt64, _ b: UInt64 = 0) -> UInt64 {
        var mixed = seed &+ a &* 0x9E37_79B9_7F4A_7C15 &+ b &* 0xD1B5_4A32_D192_ED03
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A text as a number: FNV-1a (Fowler, Noll, Vo).
    static func number(of text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func chance(_ a: UInt64, _ b: UInt64, below bound: UInt64) -> UInt64 { mix(a, b) % bound }

    // MARK: Creators

    static func externalID(_ number: Int) -> String { "7\(mix(UInt64(number), 1) % 1_000_000_000_000)\(number)" }

    /// The creator's number; `nil` when the id is none of ours.
    static func number(externalID: String, on platform: Platform) -> Int? {
        // The number stands at the end; how many digits it has is not known.
        for digits in 1...5 {
            guard let number = Int(externalID.suffix(digits)), number < count,
                Self.externalID(number) == externalID, self.platform(number) == platform
            else { continue }
            return number
        }
        return nil
    }

    static func platform(_ number: Int) -> Platform { Platform.allCases[number / topics % 3] }
    static func topic(_ number: Int) -> Topic { Topic.all[number % topics] }

    static func name(_ number: Int) -> String {
        let (first, last) = (mix(UInt64(number), 2), mix(UInt64(number), 3))
        return "\(firstNames[Int(first % UInt64(firstNames.count))]) \(lastNames[Int(last % UInt64(lastNames.count))])"
    }

    /// The handle; some have renamed themselves, which shows on later pages.
    static func handle(_ number: Int, renamed: Bool = false) -> String {
        let words = name(number).lowercased().split(separator: " ")
        let topic = topic(number).name.split(separator: " ")[0]
        let base = "\(words[0]).\(topic)\(number)"
        return renamed && isRenamed(number) ? "the.\(base)" : base
    }

    /// One of two hundred has another handle from the second page on.
    static func isRenamed(_ number: Int) -> Bool { chance(UInt64(number), 4, below: 200) == 0 }
    /// One of twenty hides likes.
    static func hidesLikes(_ number: Int) -> Bool { chance(UInt64(number), 5, below: 20) == 0 }
    /// One of a hundred is gone when the profile is read.
    static func isGone(_ number: Int) -> Bool { chance(UInt64(number), 6, below: 100) == 0 }
    /// Two of five say where they can be written to.
    static func email(_ number: Int) -> String? {
        guard chance(UInt64(number), 7, below: 5) < 2 else { return nil }
        let words = name(number).lowercased().split(separator: " ")
        return "\(words[0]).\(words[1])\(number)@example.com"
    }

    /// From a thousand to some millions, most of them small; one in fifty says nothing.
    static func followers(_ number: Int) -> Int64? {
        guard chance(UInt64(number), 8, below: 50) != 0 else { return nil }
        let size = chance(UInt64(number), 9, below: 1_000)
        let scale: UInt64 = size < 600 ? 1_000 : size < 900 ? 20_000 : size < 990 ? 200_000 : 3_000_000
        return Int64(scale + chance(UInt64(number), 10, below: scale * 9))
    }

    static func country(_ number: Int) -> String? {
        chance(UInt64(number), 11, below: 12) == 0
            ? nil : countries[Int(mix(UInt64(number), 12) % UInt64(countries.count))]
    }

    static func language(_ number: Int) -> String? {
        guard let country = country(number) else { return nil }
        return [
            "US": "en", "GB": "en", "CA": "en", "AU": "en", "IE": "en", "DE": "de", "AT": "de", "FR": "fr",
            "ES": "es", "MX": "es", "BR": "pt", "PT": "pt", "IT": "it", "NL": "nl", "JP": "ja", "SE": "sv",
        ][country]
    }

    static func bio(_ number: Int) -> String {
        let topic = topic(number)
        let opening = openings[Int(mix(UInt64(number), 13) % UInt64(openings.count))]
        let words = topic.words
        let first = words[Int(mix(UInt64(number), 14) % UInt64(words.count))]
        let second = words[Int(mix(UInt64(number), 15) % UInt64(words.count))]
        let contact = email(number).map { " Write to \($0)" } ?? ""
        let tags = Set([first, second]).sorted().map { "#" + $0.filter { $0 != " " } }.joined(separator: " ")
        return "\(opening) \(first), \(second) and what comes with it. \(tags)\(contact)"
    }

    /// A creator as a page of results tells of one: without the numbers that only a profile has.
    static func listed(_ number: Int, renamed: Bool = false) -> ListedCreator {
        let platform = platform(number)
        var facts = CreatorFacts()
        // Instagram's pages say nothing of followers.
        facts.followers = platform == .instagram ? nil : followers(number)
        facts.country = country(number)
        facts.language = language(number)
        facts.email = email(number)
        return ListedCreator(
            externalID: externalID(number), handle: handle(number, renamed: renamed), name: name(number),
            bio: bio(number), facts: facts, links: [], pictureURL: "demo:\(number)")
    }

    /// The last twelve posts.
    static func posts(_ number: Int, until now: Timestamp) -> [CreatorPost] {
        let views = max(200, (followers(number) ?? 5_000) / 4)
        let words = topic(number).words
        return (0..<12).map { index in
            let key = UInt64(number) &* 31 &+ UInt64(index)
            let seen = views / 2 + Int64(chance(key, 20, below: UInt64(views)))
            let liked = seen * Int64(20 + chance(key, 21, below: 100)) / 1_000
            return CreatorPost(
                externalID: "p\(number)x\(index)",
                postedAt: now - .seconds(Int64(index) * 180_000 + Int64(chance(key, 22, below: 90_000))),
                caption:
                    "\(words[index % words.count].capitalized): \(captions[Int(mix(key, 23) % UInt64(captions.count))])",
                url: nil, views: seen, likes: hidesLikes(number) ? nil : liked,
                comments: liked / Int64(8 + chance(key, 24, below: 30)))
        }
    }

    // MARK: Results

    /// Which topics a keyword means, best first; a word that nobody has thought of means two by chance.
    static func topics(of keyword: String) -> [Int] {
        let touched = Topic.all.indices.filter { Topic.all[$0].touches(keyword) }
        guard touched.isEmpty else { return Array(touched.prefix(3)) }
        let number = number(of: keyword)
        return [Int(number % UInt64(topics)), Int(mix(number, 30) % UInt64(topics))]
    }

    /// The numbers on a page of a keyword: of each topic another stretch of its shelf, in an order of the keyword's own, so
    /// that keywords of one topic overlap.
    static func page(_ page: Int, of keyword: String, on platform: Platform) -> [Int] {
        let place = Platform.allCases.firstIndex(of: platform) ?? 0
        let topics = topics(of: keyword)
        let each = perPage / topics.count
        let start = Int(number(of: keyword) % UInt64(shelf))
        var numbers: [Int] = []
        for topic in topics {
            for index in 0..<each {
                let position = page * each + index
                guard position < shelf else { break }
                // 7 and 500 have no common divisor: the walk meets every creator once.
                let slot = (start + position * 7) % shelf
                numbers.append((slot * 3 + place) * DemoUniverse.topics + topic)
            }
        }
        return numbers
    }

    /// How many pages a keyword has.
    static func pages(of keyword: String) -> Int {
        let each = perPage / topics(of: keyword).count
        return (shelf + each - 1) / each
    }

    /// One page of twenty is empty although there is more.
    static func isEmpty(_ page: Int, of keyword: String) -> Bool {
        page > 0 && chance(number(of: keyword), UInt64(page) &+ 40, below: 20) == 0
    }
}
