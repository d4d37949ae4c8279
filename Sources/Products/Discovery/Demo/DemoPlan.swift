import Base

/// What the demo makes in one workspace.
struct DemoPlan: Sendable {
    /// A search of the past.
    struct Run: Sendable {
        enum Fate: Sendable {
            case completed, partial, failed, cancelled
        }

        let keywords: [String]
        let platforms: [Platform]
        let target: Int
        let daysAgo: Int
        var fate = Fate.completed
        /// The place of the person who started it.
        var by = 0
    }

    let runs: [Run]
    /// The search that the workers go on with, slowly.
    let running: [String]?
    /// Days of history, one in three.
    let historyDays: Int
    let seed: UInt64

    /// People of a workspace: name, address, seat.
    static let people: [(name: String, email: String, seat: Seat)] = [
        ("Mara Lindqvist", "mara@northlight.example", .owner), ("Jonas Weber", "jonas@northlight.example", .editor),
        ("Aiko Tanaka", "aiko@northlight.example", .editor), ("Sam Okafor", "sam@northlight.example", .viewer),
    ]

    /// Northlight Studio: 24 searches over a month, 9,400 matches.
    static let northlight = DemoPlan(
        runs: runs(Topic.all.indices.prefix(22).map { $0 }), running: ["slow travel", "wild camping"], historyDays: 90,
        seed: 0xD15C_0001)

    /// Bolt & Fern, which shows that workspaces see nothing of each other.
    static let boltAndFern = DemoPlan(
        runs: [
            Run(keywords: ["sourdough", "pastry"], platforms: [.instagram], target: 100, daysAgo: 4),
            Run(keywords: ["gravel cycling"], platforms: [.youtube], target: 100, daysAgo: 2),
        ], running: nil, historyDays: 30, seed: 0xD15C_0002)

    /// The workspace at the installation's first address.
    static let home = DemoPlan(
        runs: [
            Run(
                keywords: ["trail running", "ultra marathon", "trail shoes"], platforms: [.tiktok, .youtube],
                target: 500, daysAgo: 6),
            Run(keywords: ["vegan skincare", "glass skin"], platforms: [.instagram], target: 100, daysAgo: 3),
            Run(
                keywords: ["latte art", "trail running drone"], platforms: [.tiktok], target: 100, daysAgo: 1,
                fate: .partial),
        ], running: nil, historyDays: 90, seed: 0xD15C_0003)

    /// A search for each of 23 topics, 18 of which complete.
    private static func runs(_ topics: [Int]) -> [Run] {
        let fates: [Int: Run.Fate] = [3: .partial, 9: .partial, 15: .partial, 12: .failed, 18: .cancelled]
        return (topics + [22]).enumerated().map { index, topic in
            let words = Topic.all[topic].words
            let fate = fates[index] ?? .completed
            let keywords: [String] =
                switch fate {
                case .completed, .cancelled: Array(words.prefix(4))
                case .partial: Array(words.prefix(3)) + [DemoUniverse.failing]
                case .failed: [DemoUniverse.failing]
                }
            let platforms: [Platform] =
                index % 4 == 0 ? [.tiktok, .instagram] : [Platform.allCases[index % 3]]
            return Run(
                keywords: keywords, platforms: platforms, target: index % 5 == 4 ? 1_000 : 500,
                daysAgo: 29 - index * 29 / 23, fate: fate, by: index % 3)
        }
    }
}
