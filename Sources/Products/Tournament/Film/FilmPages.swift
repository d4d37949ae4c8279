import Base

/// The film so far: the winners in sequence.
struct FilmPage: Sendable {
    struct Scene: Sendable {
        let position: Int
        let title: String
        let creator: String
        let score: String
        let clipHref: String
        /// The page that begins with this scene.
        let href: String
        let isCurrent: Bool
        let poster: String
        let video: String
        let large: String?
    }

    /// What is played first.
    struct Screen: Sendable {
        let position: Int
        let title: String
        let poster: String
        let video: String
        let large: String?
        /// The page that goes on with the next scene, for browsers without script.
        let nextHref: String?
    }

    let base = Addresses.base
    let season: String
    let lead: String
    let screen: Screen?
    let scenes: [Scene]
    let isEmpty: Bool
    let emptyHeading = "The film has not begun"
    let detail = "Its first scene is the winner of the first slot."

    /// - Parameters:
    ///   - season: The season.
    ///   - winners: The winning clips in the order of their slots, with what they reached.
    ///   - start: The slot whose scene is played first; the first one where it has none. Defaults to the first.
    init(season: Season, winners: [(position: Int, clip: Clip, score: Int)], from start: Int? = nil) {
        self.season = season.title
        let current = winners.firstIndex { $0.position == start } ?? 0
        scenes = winners.enumerated().map { index, winner in
            let clip = winner.clip
            return Scene(
                position: winner.position, title: clip.title, creator: clip.credit,
                score: Wording.count(winner.score, "point"), clipHref: Addresses.clip(clip.id),
                href: Addresses.film(from: winner.position), isCurrent: index == current,
                poster: clip.files.poster ?? "", video: clip.files.small ?? "", large: clip.files.large)
        }
        screen =
            winners.isEmpty
            ? nil
            : Screen(
                position: winners[current].position, title: scenes[current].title, poster: scenes[current].poster,
                video: scenes[current].video, large: scenes[current].large,
                nextHref: current + 1 < scenes.count ? scenes[current + 1].href : nil)
        isEmpty = scenes.isEmpty
        let seconds = winners.reduce(0) { $0 + $1.clip.milliseconds } / 1_000
        lead =
            "\(Wording.count(winners.count, "scene")), "
            + (seconds >= 60 ? "\(Wording.count(seconds / 60, "minute")) " : "")
            + "\(Wording.count(seconds % 60, "second"))."
    }

    /// The scenes that a desk hands out.
    init(season: Season, scenes: [Tournament.Scene], from start: Int? = nil) {
        self.init(season: season, winners: scenes.map { ($0.position, $0.clip, $0.score) }, from: start)
    }
}
