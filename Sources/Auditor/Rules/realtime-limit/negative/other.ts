export const channel = pusher.subscribe('votes');
