package console

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"example.com/saga/operator/orderapi"
)

// TestScreenshots writes the pictures of the README into the folder $SCREENSHOTS. make
// screenshots runs it.
func TestScreenshots(t *testing.T) {
	into := os.Getenv("SCREENSHOTS")
	if into == "" {
		t.Skip("make screenshots runs it")
	}
	findBrowser(t)
	s := startSaga(t, "--pause", "Payment/Worker")
	_, poisoned := s.stopTwo(t)
	b := openBrowser(t, s.console)
	b.open("/")
	for _, sample := range orderapi.Samples() {
		b.place(sample.Name)
	}
	b.await("all others have ended", `document.querySelector('.counts a[href="/?show=running"]').innerText === "2 running"`)
	b.await("the steps are known", "document.querySelectorAll('.step2').length >= 6")
	for name, path := range map[string]string{"orders": "/", "order": "/orders/" + poisoned, "dead-letters": "/dlq"} {
		b.appear(1200, 800, "light")
		b.open(path)
		var picture []byte
		b.run(chromedp.CaptureScreenshot(&picture))
		if err := os.WriteFile(filepath.Join(into, "console-"+name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
