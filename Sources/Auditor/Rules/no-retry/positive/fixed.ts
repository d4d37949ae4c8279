export async function call() {
  for (let attempt = 0; attempt < 3; attempt++) { // expect
    try { return await work(); } catch { await new Promise((resolve) => setTimeout(resolve, 1000)); }
  }
}
