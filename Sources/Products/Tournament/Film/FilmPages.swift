import Base

/// The film so far: the winners in sequence.
struct FilmPage: Sendable {
    struct Scene: Sendable {
        let position: Int
        let title: String
        let creator: String
        let score: String
        let href: String
        let poster: String
        let video: String
    }

    struct Screen: Sendable {
        let poster: String
        let video: String
    }

    let base = Addresses.base
    let season: String
    let lead: String
    let first: Screen?
    let scenes: [Scene]
    let isEmpty: Bool
    let emptyHeading = "The film has not begun"
    let detail = "Its first scene is the winner of the first slot."

    /// - Parameters:
    ///   - season: The season.
    ///   - winners: The winning clips in the order of their slots, with what they reached.
    init(season: Season, winners: [(position: Int, clip: Clip, score: Int)]) {
        self.season = season.title
        scenes = winners.map { position, clip, score in
            Scene(
                position: position, title: clip.title, creator: clip.credit, score: Wording.count(score, "point"),
                href: Addresses.clip(clip.id), poster: clip.files.poster ?? "", video: clip.files.small ?? "")
        }
        first = scenes.first.map { Screen(poster: $0.poster, video: $0.video) }
        isEmpty = scenes.isEmpty
        let seconds = winners.reduce(0) { $0 + $1.clip.milliseconds } / 1_000
        lead =
            "\(Wording.count(winners.count, "scene")), "
            + (seconds >= 60 ? "\(Wording.count(seconds / 60, "minute")) " : "")
            + "\(Wording.count(seconds % 60, "second"))."
    }

    /// The scenes that a desk hands out.
    init(season: Season, scenes: [Tournament.Scene]) {
        self.init(season: season, winners: scenes.map { ($0.position, $0.clip, $0.score) })
    }
}
