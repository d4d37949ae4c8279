export async function call() {
  for (let attempt = 0; attempt < 3; attempt++) {
    try { return await work(); } catch { await sleep(100 * 2 ** attempt * Math.random()); }
  }
}
