package acceptance

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/saga/operator/rotation"
)

func TestARotatedKeyIsSentWithTheNextNotification(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	where := c.stack(t)
	secrets := secretsmanager.NewFromConfig(c.aws(t))
	key := rotation.Key{
		Secrets: secrets, Connections: eventbridge.NewFromConfig(c.aws(t)),
		Secret: where.Secrets["Notification/ApiKey"], Connection: where.Connections["Notification/Connection/Connection"],
		New: rand.Text,
	}
	old := c.notifiedWith(t)
	if old == "" || old != currentKey(t, secrets, key.Secret) {
		t.Fatalf("before the rotation the key %q is sent, and %q is current", old, currentKey(t, secrets, key.Secret))
	}
	if err := key.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sent := c.notifiedWith(t); sent != old {
		t.Errorf("while the new key waits, %q is sent and not the old one", sent)
	}
	if err := key.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	sent := c.notifiedWith(t)
	if sent == old || sent != currentKey(t, secrets, key.Secret) {
		t.Errorf("after the rotation the key %q is sent, the old one is %q, and %q is current", sent, old, currentKey(t, secrets, key.Secret))
	}
	c.settled(t)
	c.checkInvariants(t)
}

// notifiedWith places an order that is shipped, and returns the API key of its
// notification.
func (c *cloud) notifiedWith(t *testing.T) string {
	t.Helper()
	placed, err := c.place(t.Context(), basket)
	if err != nil {
		t.Fatal(err)
	}
	c.awaitStatus(t, placed.OrderID, "shipped")
	c.settled(t)
	for _, notified := range c.notifications(t) {
		if strings.Contains(string(notified.Body), placed.OrderID) {
			return notified.Header.Get("X-Api-Key")
		}
	}
	t.Fatalf("the notification of order %s did not arrive", placed.OrderID)
	return ""
}

// currentKey returns the current value of a secret.
func currentKey(t *testing.T, client *secretsmanager.Client, secret string) string {
	t.Helper()
	out, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.SecretString)
}
