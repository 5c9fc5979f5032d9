/*
 * Datagrams on the loopback interface: datagram COUNT sends COUNT times "datagram N."
 * to a socket of its own, N being one digit.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t len = sizeof(to);
	char text[] = "datagram N.";
	int count = argc > 1 ? atoi(argv[1]) : 1, fd = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    getsockname(fd, (struct sockaddr *)&to, &len))
		return 1;
	for (int i = 0; i < count; i++) {
		text[9] = (char)('0' + i % 10);
		if (sendto(fd, text, sizeof(text) - 1, 0, (struct sockaddr *)&to, len) < 0)
			return 1;
	}
	close(fd);
	return 0;
}
